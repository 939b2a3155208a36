import { isDeepStrictEqual } from "node:util";

import type { MemberEntry } from "@parley/contract/shapes";
import type { RoomState } from "@parley/room/state";
import type { Collection, Db, Filter, UpdateFilter } from "mongodb";

import { CHANGED } from "./changed-at.ts";
import { collectionsOf, type RoomRecord } from "./collections.ts";
import { isDuplicateKey } from "./duplicate-key.ts";
import type { MissingKey, Replica, ReplicaOutcome, ReplicaStore } from "./replica-store.ts";
import { roomFieldsOf, roomIdentityOf } from "./room-fields.ts";
import { storeCall } from "./store-call.ts";

const keyOf = (account: string): string => Buffer.from(account, "utf8").toString("base64url");
const memberPathOf = (account: string): string => `state.members.${keyOf(account)}`;

export function mongoReplicaStore(database: Db): ReplicaStore {
  const { rooms } = collectionsOf(database);
  return {
    find: (roomId) =>
      storeCall("finding a replica", async () => {
        const record = await rooms.findOne({ _id: roomId });
        return record ? replicaOf(record) : undefined;
      }),

    commit: (of) => storeCall("committing an event to a replica", () => commit(rooms, of)),

    replace: (of) => storeCall("replacing a replica", () => replace(rooms, of)),

    bury: (of) => storeCall("burying a replica", () => bury(rooms, of)),

    heldVersions: ({ siteId, after, limit }) =>
      storeCall("listing replicas", async () => {
        const records = await rooms
          .find(
            { siteId, state: { $exists: true }, ...(after !== undefined && { _id: { $gt: after } }) },
            { projection: { keyVersion: 1, applied: 1 } },
          )
          .sort({ _id: 1 })
          .limit(limit)
          .toArray();
        return records.map(({ _id, keyVersion = 0, applied }) => ({ roomId: _id, keyVersion, applied }));
      }),

    noteMissingKey: ({ roomId, missingKey }) =>
      storeCall("noting a missing key", async () => {
        await rooms.updateOne(
          {
            _id: roomId,
            state: { $exists: true },
            "missingKey.version": { $not: { $gt: missingKey.version } },
          },
          { $set: { missingKey } },
        );
      }),

    clearMissingKey: ({ roomId, version }) =>
      storeCall("clearing a missing key", async () => {
        await rooms.updateOne(
          { _id: roomId, "missingKey.version": { $lte: version } },
          { $unset: { missingKey: "" } },
        );
      }),
  };
}

/**
 * The chain and the roster are compared too: the entries written are a difference, and a repair may have replaced the
 * state that they differ from.
 */
async function commit(
  rooms: Collection<RoomRecord>,
  { before, state, missingKey }: Parameters<ReplicaStore["commit"]>[0],
): Promise<ReplicaOutcome> {
  const { roomId, siteId, revision, chain, rosterHash } = before;
  const { set, unset } = changedMembers(before, state);
  const note = await newNoteOf(rooms, roomId, missingKey);
  const result = await rooms.updateOne(
    { _id: roomId, siteId, applied: revision, chain, rosterHash, state: { $exists: true } },
    {
      $set: {
        ...roomFieldsOf(state),
        applied: state.revision,
        ...note,
        ...set,
      },
      ...CHANGED,
      ...(Object.keys(unset).length > 0 && { $unset: unset }),
    },
  );
  if (result.matchedCount === 1) return "committed";
  return outcomeOfMiss(rooms, { roomId, siteId, revision: state.revision });
}

/** A version that is noted already keeps its attempts, whatever names it again. */
async function newNoteOf(
  rooms: Collection<RoomRecord>,
  roomId: string,
  missingKey: MissingKey | undefined,
): Promise<{ missingKey?: MissingKey }> {
  if (!missingKey) return {};
  const noted = await rooms.findOne({ _id: roomId }, { projection: { missingKey: 1 } });
  return noted?.missingKey?.version === missingKey.version ? {} : { missingKey };
}

/** The member entries in which the states differ, as paths of an update. */
function changedMembers(
  before: RoomState,
  after: RoomState,
): { set: Record<string, MemberEntry>; unset: Record<string, ""> } {
  const changed = [...after.members.values()].filter((entry) => {
    const known = before.members.get(entry.account);
    return known !== entry && !isDeepStrictEqual(known, entry);
  });
  const gone = [...before.members.keys()].filter((account) => !after.members.has(account));
  return {
    set: Object.fromEntries(changed.map((entry) => [memberPathOf(entry.account), entry])),
    unset: Object.fromEntries(gone.map((account) => [memberPathOf(account), ""])),
  };
}

async function replace(
  rooms: Collection<RoomRecord>,
  { state, repair, missingKey }: Parameters<ReplicaStore["replace"]>[0],
): Promise<ReplicaOutcome> {
  const { roomId, siteId, revision, members } = state;
  const note = await newNoteOf(rooms, roomId, missingKey);
  const lower = { applied: { $lt: revision } };
  // At its own revision a tombstone is right: nothing of that revision brings the room back.
  const wrong = { applied: revision, tombstone: { $exists: false } };
  return writeOver(rooms, {
    roomId,
    siteId,
    revision,
    over: repair ? { $or: [lower, wrong] } : lower,
    update: {
      $set: {
        ...roomIdentityOf(state),
        ...roomFieldsOf(state),
        applied: revision,
        state: {
          members: Object.fromEntries([...members.values()].map((entry) => [keyOf(entry.account), entry])),
        },
        ...note,
      },
      $unset: { tombstone: "" },
      ...CHANGED,
    },
  });
}

/** What burying drops: all but the ids, how far the room is applied, and that later events wait. */
const CLEARED_BY_BURYING = Object.keys({
  type: true,
  name: true,
  settings: true,
  closed: true,
  participants: true,
  sites: true,
  memberCount: true,
  agentCount: true,
  orgs: true,
  keyVersion: true,
  chain: true,
  rosterHash: true,
  rosterDigest: true,
  digestRevision: true,
  createdAt: true,
  quarantined: true,
  lastMessageAt: true,
  lastMessageId: true,
  rekeyDue: true,
  dueRotatedAt: true,
  state: true,
  missingKey: true,
  changedAt: true,
} satisfies Record<Exclude<keyof RoomRecord, KeptByBurying>, true>);

type KeptByBurying = "_id" | "siteId" | "applied" | "appliedAt" | "tombstone" | "waiting";

function bury(
  rooms: Collection<RoomRecord>,
  { roomId, siteId, revision, at, repair }: Parameters<ReplicaStore["bury"]>[0],
): Promise<ReplicaOutcome> {
  return writeOver(rooms, {
    roomId,
    siteId,
    revision,
    over: { applied: repair ? { $lte: revision } : { $lt: revision } },
    update: {
      $set: { siteId, applied: revision, appliedAt: at, tombstone: true },
      $unset: Object.fromEntries(CLEARED_BY_BURYING.map((field) => [field, ""])),
    },
  });
}

/** Writes the document if none stands or the one that stands fits `over`; else the upsert meets it (duplicate key). */
async function writeOver(
  rooms: Collection<RoomRecord>,
  of: {
    readonly roomId: string;
    readonly siteId: string;
    readonly revision: number;
    readonly over: Filter<RoomRecord>;
    readonly update: UpdateFilter<RoomRecord>;
  },
): Promise<ReplicaOutcome> {
  const { roomId, siteId, over, update } = of;
  try {
    await rooms.updateOne({ _id: roomId, siteId, ...over }, update, { upsert: true });
    return "committed";
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return outcomeOfMiss(rooms, of);
  }
}

async function outcomeOfMiss(
  rooms: Collection<RoomRecord>,
  { roomId, siteId, revision }: { roomId: string; siteId: string; revision: number },
): Promise<ReplicaOutcome> {
  const record = await rooms.findOne({ _id: roomId, siteId }, { projection: { applied: 1 } });
  return record !== null && record.applied >= revision ? "alreadyApplied" : "conflict";
}

function replicaOf(record: RoomRecord): Replica {
  const { _id, siteId, applied, waiting, missingKey, tombstone = false } = record;
  const state = stateOf(record);
  return {
    roomId: _id,
    siteId,
    applied,
    tombstone,
    ...(state && { state }),
    ...(waiting && { waiting }),
    ...(missingKey && { missingKey }),
  };
}

/** A document with a state was written by `replace` and has every field. */
function stateOf(record: RoomRecord): RoomState | undefined {
  if (!record.state) return undefined;
  const room = record as Required<RoomRecord>;
  const { siteId, type, name, createdAt, chain, rosterHash, keyVersion, settings, closed } = room;
  const { dueRotatedAt } = record;
  return {
    roomId: room._id,
    siteId,
    type,
    name,
    createdAt,
    chain,
    rosterHash,
    keyVersion,
    settings,
    closed,
    revision: room.applied,
    at: room.appliedAt,
    members: new Map(Object.values(room.state.members).map((entry) => [entry.account, entry])),
    orgs: new Map(room.orgs.map(({ orgId, name: orgName, addedAt }) => [orgId, { name: orgName, addedAt }])),
    ...(dueRotatedAt !== undefined && { dueRotatedAt }),
    recentRequests: [],
  };
}
