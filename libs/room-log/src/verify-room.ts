import type { MemberEntry } from "@parley/contract/shapes";
import type { RoomDocument, RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { Subscription, SubscriptionStore } from "@parley/mongo/subscription-store";
import { evolve } from "@parley/room/evolve";
import { countsOf, participatingSites } from "@parley/room/membership";
import { rosterDigestOf, rosterHashOf } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";

import type { EventReader } from "./event-reader.ts";
import type { StoredRoomEvent } from "./stored-event.ts";

const ROWS_PER_PAGE = 500;

interface Deps {
  readonly reader: Pick<EventReader, "forward">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "listMembers">;
}

/** A room's whole log, folded from its first event, held against what the site projects. */
export interface Verification {
  readonly events: readonly StoredRoomEvent[];
  readonly state: RoomState | undefined;
  /** What the projection has otherwise; empty: they are equal. */
  readonly differences: readonly string[];
}

const entryOf = (row: Subscription): MemberEntry => ({
  account: row.account,
  userId: row.userId,
  siteId: row.accountSite,
  kind: row.kind,
  role: row.role,
  individual: row.individual,
  viaOrgs: row.viaOrgs,
  joinedAt: row.joinedAt,
  ...(row.historySharedSince !== undefined && { historySharedSince: row.historySharedSince }),
  keyFrom: row.keyFrom,
});

async function rowsOf(deps: Deps, roomId: string): Promise<Subscription[]> {
  const rows: Subscription[] = [];
  for (let after: string | undefined; ;) {
    const page = await deps.subscriptions.listMembers({ roomId, after, limit: ROWS_PER_PAGE });
    rows.push(...page.rows);
    after = page.next;
    if (after === undefined) return rows;
  }
}

const factsOf = (state: RoomState) => ({
  type: state.type,
  siteId: state.siteId,
  name: state.name,
  settings: state.settings,
  closed: state.closed,
  sites: participatingSites(state),
  ...countsOf(state),
  keyVersion: state.keyVersion,
  applied: state.revision,
  appliedAt: state.at,
  chain: state.chain,
  rosterHash: state.rosterHash,
  rosterDigest: rosterDigestOf(state),
  digestRevision: state.revision,
  createdAt: state.createdAt,
});

function compare(
  state: RoomState,
  document: RoomDocument | undefined,
  rows: readonly Subscription[],
): string[] {
  if (!document) return ["the room is not projected"];
  const differences = Object.entries(factsOf(state))
    .filter(
      ([field, value]) => JSON.stringify(document[field as keyof RoomDocument]) !== JSON.stringify(value),
    )
    .map(([field]) => `room.${field}`);
  const rosterHash = rosterHashOf(rows.map(entryOf));
  if (rosterHash !== state.rosterHash) differences.push("the rows of the members");
  return differences;
}

/**
 * Reads every event of a room and checks revision, chain and roster hash of each, then compares the state with the
 * projection (invariant 2). Meant for engineers and tests: it reads the whole log.
 * @throws LawBroken at the event that breaks a law
 */
export async function verifyRoom(deps: Deps, roomId: string): Promise<Verification> {
  const events: StoredRoomEvent[] = [];
  let state: RoomState | undefined;
  for await (const stored of deps.reader.forward({ roomId, from: 1 })) {
    state = evolve(state, stored.event, stored.bytes);
    events.push(stored);
  }
  if (!state) return { events, state, differences: ["the log has no events of this room"] };
  const [document, rows] = await Promise.all([deps.rooms.find(roomId), rowsOf(deps, roomId)]);
  return { events, state, differences: compare(state, document, rows) };
}
