import type { DirectoryEntry } from "@parley/contract/directory";
import type { MemberEntry } from "@parley/contract/shapes";
import type { RoomSnapshot } from "@parley/room/snapshot";
import type { Collection, Db } from "mongodb";

import type { DeviceRecord } from "./device-record.ts";
import type { MessageRow } from "./message-store.ts";
import type { MissingKey } from "./replica-store.ts";
import type { Quarantine, RekeyDue, RoomDocument, WaitingMark } from "./room-document-store.ts";
import type { Subscription } from "./subscription-store.ts";

/** What a room's document holds from its first write on, be that only a waiting mark. */
interface RoomStub {
  readonly _id: string;
  readonly siteId: string;
  readonly applied: number;
  readonly waiting?: WaitingMark;
  readonly quarantined?: Quarantine;
  readonly rekeyDue?: RekeyDue;
}

/** What only the document of a room homed elsewhere holds. */
interface ReplicaFields {
  /** Members by the base64url of their account, which has no character that means something in a path. */
  readonly state?: { readonly members: Readonly<Record<string, MemberEntry>> };
  readonly tombstone?: true;
  readonly missingKey?: MissingKey;
}

/** What tells a listing since a moment that it has to look. */
interface Changing {
  /** When this was last written, by the database's clock; an event's own time may be long past when it is applied. */
  readonly changedAt?: Date;
}

/** `_id` is the room id. Without a `type` it is a stub: the room's first event has not been projected yet. */
export type RoomRecord = RoomStub &
  ReplicaFields &
  Changing &
  Partial<Omit<RoomDocument, "roomId" | keyof RoomStub>>;

/** What a member had said of itself before a rebuild, in the membership that began at `joinedAt`. */
export interface KeptOwnState {
  readonly joinedAt?: number;
  readonly lastSeenAt?: number;
  readonly muted?: boolean;
  readonly mutedAt?: number;
  readonly favourite?: boolean;
  readonly favouriteAt?: number;
}

/** `_id` is `{roomId}:{account}`. A removed row keeps its ids, `revision` and `removedAt`. */
export interface SubscriptionRecord
  extends Changing, Partial<Omit<Subscription, "roomId" | "account" | "revision">> {
  readonly _id: string;
  readonly roomId: string;
  readonly account: string;
  readonly revision: number;
  /** A date, for the index that lets removed rows expire. */
  readonly removedAt?: Date;
  readonly mutedAt?: number;
  readonly favouriteAt?: number;
  /** While the room is being rebuilt. */
  readonly kept?: KeptOwnState;
}

/** `_id` is `{roomId}:{revision}`. */
export interface RoomSnapshotRecord extends RoomSnapshot {
  readonly _id: string;
  readonly streamSequence: number;
}

/** `_id` is the account. */
export interface UserRecord extends DirectoryEntry {
  readonly _id: string;
}

/** `_id` is `{roomId}:{messageId}`. */
export type MessageRecord = MessageRow & { readonly _id: string };

/** `_id` is `{roomId}:{version}`. */
interface KeyPrintRecord {
  readonly _id: string;
  readonly print: string;
}

/** `_id` is the room id. Either a key's id with its sealed record, or `erased`, which stays for good. */
export interface ContentKeyRow {
  readonly _id: string;
  readonly kid?: string;
  /** Sealed under a key-encryption key of the site. */
  readonly rec?: string;
  readonly createdAt?: number;
  /** The revision of the event that erased the room. */
  readonly erased?: number;
  readonly at?: number;
}

/** The collections of SPEC-rooms 8. */
export interface Collections {
  readonly rooms: Collection<RoomRecord>;
  readonly subscriptions: Collection<SubscriptionRecord>;
  readonly roomSnapshots: Collection<RoomSnapshotRecord>;
  readonly users: Collection<UserRecord>;
  readonly messages: Collection<MessageRecord>;
  readonly roomKeyPrints: Collection<KeyPrintRecord>;
  readonly devices: Collection<DeviceRecord>;
  readonly contentKeys: Collection<ContentKeyRow>;
}

export const collectionsOf = (database: Db): Collections => ({
  rooms: database.collection("rooms"),
  subscriptions: database.collection("subscriptions"),
  roomSnapshots: database.collection("room_snapshots"),
  users: database.collection("users"),
  messages: database.collection("messages"),
  roomKeyPrints: database.collection("room_key_prints"),
  devices: database.collection("devices"),
  contentKeys: database.collection("content_keys"),
});
