import { z } from "zod";

import {
  actor,
  history,
  keyVersion,
  memberEntry,
  moment,
  orgName,
  revision,
  role,
  roomSettings,
  roomType,
} from "./shapes.ts";
import { subject } from "./subject.ts";
import { accountName, orgId, requestId, roomId, siteId } from "./tokens.ts";

const rekey = z.object({ from: keyVersion, to: keyVersion });

/** A member already in the room whose ways of being in it change. */
const memberUpdate = z.object({
  account: accountName,
  individual: z.boolean(),
  viaOrgs: z.array(orgId),
});

/** Data of each type of canonical event, schema revision 1 (SPEC-rooms 4.1). */
export const EVENT_DATA = {
  room_created: z.object({
    roomType,
    name: z.string(),
    members: z.array(memberEntry).min(1),
    orgs: z.array(orgName),
    settings: roomSettings,
    keyVersion: z.literal(0),
  }),
  members_added: z.object({
    added: z.array(memberEntry),
    updated: z.array(memberUpdate),
    orgs: z.array(orgName),
    history,
    /** How many of each the request named. */
    source: z.object({ users: z.int(), orgs: z.int(), channels: z.int() }),
    /** Where joining changes the key and somebody joined. */
    rekey: rekey.optional(),
  }),
  members_removed: z.object({
    cause: z.enum(["left", "removed", "org_removed", "disabled"]),
    account: accountName.optional(),
    orgId: orgId.optional(),
    orgName: z.string().optional(),
    removed: z.array(accountName),
    updated: z.array(memberUpdate.extend({ role })),
    promoted: accountName.optional(),
    rekey: rekey.optional(),
  }),
  role_changed: z.object({ account: accountName, from: role, to: role }),
  room_renamed: z.object({ from: z.string(), to: z.string() }),
  room_restricted: z.object({
    restricted: z.boolean(),
    externalAccess: z.boolean(),
    owner: accountName.optional(),
    demoted: z.array(accountName),
  }),
  room_closed: z.object({}),
  policy_changed: z.object({ rekeyOnJoin: z.boolean() }),
  key_rotated: z.object({ reason: z.enum(["lost", "requested", "due"]), rekey }),
} as const;

export type EventType = keyof typeof EVENT_DATA;
export const EVENT_TYPES = Object.keys(EVENT_DATA) as readonly EventType[];
/** The schema revision this release writes and knows. */
const SCHEMA_REVISION = 1;

const envelope = z.object({
  id: z.string(),
  type: z.string(),
  v: z.int().positive(),
  siteId,
  roomId,
  revision,
  /** base64 of SHA-256 of the previous event's stored bytes; empty for revision 1. */
  prev: z.string(),
  /** The roster hash after this event, 64 lower-case hex digits. */
  rosterHash: z.string().regex(/^[0-9a-f]{64}$/),
  actor,
  requestId,
  at: moment,
  data: z.unknown(),
});

export type EventEnvelope = z.infer<typeof envelope>;
export type EventData<T extends EventType> = z.infer<(typeof EVENT_DATA)[T]>;
export type RoomEventOf<T extends EventType> = Omit<EventEnvelope, "type" | "data"> & {
  readonly type: T;
  readonly data: EventData<T>;
};
/** A fact about a room, as ROOMS stores it. */
export type CanonicalEvent = { [T in EventType]: RoomEventOf<T> }[EventType];

/** What stored bytes turn out to be. */
export type StoredEvent =
  | { readonly kind: "event"; readonly event: CanonicalEvent }
  /** An envelope whose type, schema revision or data this release does not know: it waits for the upgrade. */
  | { readonly kind: "unknown"; readonly envelope: EventEnvelope }
  /** No event at all: skipped and counted by every reader. */
  | { readonly kind: "garbage"; readonly problem: string };

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    return new Error("the bytes are not UTF-8 JSON", { cause });
  }
}

const isKnown = (type: string): type is EventType => Object.hasOwn(EVENT_DATA, type);

/** Reads stored bytes. Unknown fields are ignored; nothing is thrown. */
export function parseStoredEvent(bytes: Uint8Array): StoredEvent {
  const json = jsonOf(bytes);
  if (json instanceof Error) return { kind: "garbage", problem: json.message };
  const found = envelope.safeParse(json);
  if (!found.success) return { kind: "garbage", problem: "the bytes are not an event envelope" };
  const { type, v } = found.data;
  if (!isKnown(type) || v !== SCHEMA_REVISION) return { kind: "unknown", envelope: found.data };
  const data = EVENT_DATA[type].safeParse(found.data.data);
  // Only bytes that are no envelope may be given up (SPEC-rooms 4.1): this one holds a revision of its room.
  if (!data.success) return { kind: "unknown", envelope: found.data };
  return { kind: "event", event: { ...found.data, type, data: data.data } as CanonicalEvent };
}

/** The bytes that are stored, hashed and sent on unchanged. */
export const encodeEvent = (event: CanonicalEvent): Uint8Array => encoder.encode(JSON.stringify(event));

export const EVENT_SCHEMA_REVISION = SCHEMA_REVISION;

export const canonicalSubjects = {
  /** What room-service publishes. */
  roomAppend: subject("chat.room.canonical.{siteId}.{roomId}.{type}"),
  /** What ROOMS stores, with the partition its transform inserts. */
  roomStored: subject("chat.room.canonical.{siteId}.{partition}.{roomId}.{type}"),
  messageAppend: subject("chat.msg.canonical.{siteId}.{roomId}.{type}"),
  messageStored: subject("chat.msg.canonical.{siteId}.{partition}.{roomId}.{type}"),
  outbox: subject("outbox.{siteId}.{dest}.{roomId}.{type}"),
  /** What concerns an account and no room. */
  outboxDevices: subject("outbox.{siteId}.{dest}.-.device_state"),
  inboxRepair: subject("inbox.{siteId}.local.{roomId}.snapshot"),
  dead: subject("dead.{siteId}.{process}.{reason}"),
};

/**
 * The stored subjects of one room: what an append expects its last sequence of. A filter that matches nothing stored
 * would count as 0 and pass every append (FACTS 3), so it is built here and nowhere else.
 */
export const roomFilter = (of: { siteId: string; roomId: string }): string =>
  canonicalSubjects.roomStored.filter(of).replace(/\*$/, ">");

/** The stored subjects of every room of a site. */
export const siteFilter = (of: { siteId: string }): string => canonicalSubjects.roomStored.filter(of);

/** The stored subjects of one room's messages. */
export const messageFilter = (of: { siteId: string; roomId: string }): string =>
  canonicalSubjects.messageStored.filter(of).replace(/\*$/, ">");
