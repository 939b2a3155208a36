import type { RoomState } from "@parley/room/state";
import type { Collection, Db } from "mongodb";

import { CHANGED, notBefore } from "./changed-at.ts";
import { collectionsOf, type RoomRecord } from "./collections.ts";
import { isDuplicateKey } from "./duplicate-key.ts";
import type {
  CommitOutcome,
  RoomDocument,
  RoomDocumentStore,
  RoomProgress,
  RoomSummary,
} from "./room-document-store.ts";
import { roomFieldsOf, roomIdentityOf } from "./room-fields.ts";
import { storeCall } from "./store-call.ts";
import { createWriteGroup, type WriteGroup } from "./write-group.ts";

/** A tombstone has no fields left to serve. */
const SERVED = { applied: { $gte: 1 }, tombstone: { $exists: false } } as const;

/** What readers of rooms have no use for. */
const HIDDEN_FIELDS = { state: 0, missingKey: 0, changedAt: 0 } as const;

export function mongoRoomDocumentStore(database: Db): RoomDocumentStore {
  const { rooms } = collectionsOf(database);
  const commits = createWriteGroup(rooms);
  const touches = createWriteGroup(rooms);
  return {
    insertIfAbsent: (state) => storeCall("storing a room", () => insertIfAbsent(rooms, state)),

    find: (roomId) =>
      storeCall("finding a room", async () => {
        const record = await rooms.findOne({ _id: roomId, ...SERVED }, { projection: HIDDEN_FIELDS });
        return record ? (documentOf(record) as RoomDocument) : undefined;
      }),

    findMany: (roomIds) =>
      storeCall("finding rooms", async () => {
        const served = { _id: { $in: [...roomIds] }, ...SERVED };
        const records = await rooms.find(served, { projection: { ...HIDDEN_FIELDS, orgs: 0 } }).toArray();
        return records.map(documentOf);
      }),

    changedSince: ({ roomIds, since }) =>
      storeCall("finding rooms that changed", async () => {
        const changed = { _id: { $in: [...roomIds] }, changedAt: notBefore(since), ...SERVED };
        const records = await rooms.find(changed, { projection: { _id: 1 } }).toArray();
        return records.map(({ _id }) => _id);
      }),

    progress: (roomId) => storeCall("reading how far a room is applied", () => progressOf(rooms, roomId)),

    homeOf: (roomId) =>
      storeCall(
        "finding a room's home",
        async () => (await rooms.findOne({ _id: roomId }, { projection: { siteId: 1 } }))?.siteId,
      ),

    commitApplied: (state, { isRekey } = { isRekey: false }) =>
      storeCall("committing an applied event", async () => {
        const endsDue = isRekey && (await commitEndingDue(rooms, state));
        return endsDue ? "applied" : commitApplied(rooms, commits, state);
      }),

    quarantine: (of) => storeCall("quarantining a room", () => quarantine(rooms, of)),

    unquarantine: ({ roomId, revision }) =>
      storeCall("ending a quarantine", async () => {
        await rooms.updateOne(
          { _id: roomId, "quarantined.revision": { $lte: revision } },
          { $unset: { quarantined: "" } },
        );
      }),

    touchLastMessage: ({ roomId, messageId, at }) =>
      storeCall("noting the last message", async () => {
        const older = [
          { lastMessageAt: { $not: { $gte: at } } },
          { lastMessageAt: at, lastMessageId: { $lt: messageId } },
        ];
        const update = { $set: { lastMessageAt: at, lastMessageId: messageId }, ...CHANGED };
        await touches.write([{ updateOne: { filter: { _id: roomId, $or: older }, update } }]);
      }),
  };
}

/** The stub that a waiting mark may have left is filled; a room that stands refuses the upsert and stays as it is. */
async function insertIfAbsent(rooms: Collection<RoomRecord>, state: RoomState): Promise<void> {
  try {
    await rooms.updateOne(
      { _id: state.roomId, type: { $exists: false } },
      { $set: { ...roomIdentityOf(state), ...roomFieldsOf(state), applied: 0 } },
      { upsert: true },
    );
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

const nextOf = ({ roomId, revision }: RoomState) => ({
  _id: roomId,
  applied: revision - 1,
  type: { $exists: true },
});

/** The commit of a changed key in a room that was due for it; whether it was. */
async function commitEndingDue(rooms: Collection<RoomRecord>, state: RoomState): Promise<boolean> {
  const { matchedCount } = await rooms.updateOne(
    { ...nextOf(state), "rekeyDue.at": { $lte: state.at } },
    {
      $set: { ...roomFieldsOf(state), applied: state.revision },
      $unset: { rekeyDue: "" },
      ...CHANGED,
    },
  );
  return matchedCount === 1;
}

async function commitApplied(
  rooms: Collection<RoomRecord>,
  commits: WriteGroup<RoomRecord>,
  state: RoomState,
): Promise<CommitOutcome> {
  const { roomId, revision } = state;
  const filter = nextOf(state);
  const update = { $set: { ...roomFieldsOf(state), applied: revision }, ...CHANGED };
  const { allTaken } = await commits.write([{ updateOne: { filter, update } }]);
  if (allTaken) return "applied";
  const { applied } = await progressOf(rooms, roomId);
  return applied >= revision ? "applied" : "conflict";
}

async function progressOf(rooms: Collection<RoomRecord>, roomId: string): Promise<RoomProgress> {
  const record = await rooms.findOne(
    { _id: roomId },
    { projection: { applied: 1, waiting: 1, quarantined: 1 } },
  );
  if (record === null) return { applied: 0 };
  const { applied, waiting, quarantined } = record;
  return { applied, ...(waiting && { waiting }), ...(quarantined && { quarantined }) };
}

async function quarantine(
  rooms: Collection<RoomRecord>,
  of: Parameters<RoomDocumentStore["quarantine"]>[0],
): Promise<void> {
  const { roomId, siteId, revision, at } = of;
  try {
    await rooms.updateOne(
      { _id: roomId, applied: { $not: { $gte: revision } }, quarantined: { $exists: false } },
      { $set: { quarantined: { revision, since: at } }, $setOnInsert: { siteId, applied: 0 } },
      { upsert: true },
    );
  } catch (error) {
    // The event has been applied meanwhile, or the room is in quarantine already.
    if (!isDuplicateKey(error)) throw error;
  }
}

/** Only for served rooms: those have every field of a summary. */
function documentOf({ _id, ...fields }: RoomRecord): RoomSummary {
  return { roomId: _id, ...fields } as RoomSummary;
}
