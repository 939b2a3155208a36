import type { CanonicalEvent } from "@parley/contract/events";
import { LIMITS } from "@parley/contract/limits";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { RoomSnapshotStore } from "@parley/mongo/room-snapshot-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import type { RoomState } from "@parley/room/state";

import type { Plan } from "./plan.ts";

/** An event with the room after it. */
export interface Projected {
  readonly event: CanonicalEvent;
  readonly streamSequence: number;
  readonly after: RoomState;
}

export interface ProjectionStores {
  readonly rooms: Pick<RoomDocumentStore, "insertIfAbsent" | "commitApplied">;
  readonly subscriptions: Pick<SubscriptionStore, "put" | "change" | "markRemoved">;
  readonly snapshots: Pick<RoomSnapshotStore, "save">;
}

type Rows = Pick<Plan, "put" | "change" | "lost">;

/** Step 1 of SPEC-rooms 4.2: the room document and the rows of its members, over lower revisions only. */
export async function projectEvent(
  stores: ProjectionStores,
  rows: Rows,
  { event, after }: Projected,
): Promise<void> {
  const { roomId, revision, at } = event;
  // Every later event finds it there: `applied` was raised on it.
  if (revision === 1) await stores.rooms.insertIfAbsent(after);
  if (rows.put.length > 0) await stores.subscriptions.put({ room: after, entries: rows.put, revision });
  if (rows.change.length > 0) await stores.subscriptions.change({ roomId, changes: rows.change, revision });
  if (rows.lost.length > 0) {
    const accounts = rows.lost.map(({ account }) => account);
    await stores.subscriptions.markRemoved({ roomId, accounts, revision, at });
  }
}

const isRekey = ({ data }: CanonicalEvent): boolean => "rekey" in data && data.rekey !== undefined;

/** Step 10: room fields and `applied` in one compare-and-set; each 64th revision a snapshot. */
export async function commitEvent(
  stores: ProjectionStores,
  { event, after, streamSequence }: Projected,
): Promise<void> {
  const outcome = await stores.rooms.commitApplied(after, { isRekey: isRekey(event) });
  if (outcome === "conflict")
    throw new Error(`room ${after.roomId} is not at revision ${after.revision - 1}`);
  if (after.revision % LIMITS.snapshotEveryRevisions === 0)
    await stores.snapshots.save({ state: after, streamSequence });
}
