import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";
import type { Subscription } from "@parley/mongo/subscription-store";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { rosterDigestOf, rosterHashOf } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";

import type { Inspection } from "./inspect-site.ts";

const ROWS_MAX = 500;

/** A room's home, and another site that takes part in it or did. */
interface Ends {
  readonly home: Inspection;
  readonly away: Inspection;
  readonly awaySite: string;
}

const factsOf = (state: RoomState) => ({
  name: state.name,
  revision: state.revision,
  chain: state.chain,
  rosterHash: state.rosterHash,
  foldedRoster: rosterHashOf([...state.members.values()]),
  keyVersion: state.keyVersion,
  settings: state.settings,
  closed: state.closed,
});

const rosterOf = (rows: readonly Subscription[]): string =>
  rosterHashOf(rows.map((row) => ({ ...row, siteId: row.accountSite })));

/**
 * Holds a room's log against its home's projection, its replica and the rows of the other site's accounts. Answers what
 * differs, nothing at all when log, home and replica are one; a room without members there may be held as a tombstone.
 */
export async function compareSites(
  { home, away, awaySite }: Ends,
  roomId: string,
): Promise<readonly string[]> {
  const { state, differences } = await home.verify(roomId);
  if (!state) return differences;
  const own = [...state.members.values()].filter(({ siteId }) => siteId === awaySite);
  const { database } = away.mongo;
  const [replica, document, { rows }] = await Promise.all([
    mongoReplicaStore(database).find(roomId),
    mongoRoomDocumentStore(database).find(roomId),
    mongoSubscriptionStore(database).listMembers({ roomId, limit: ROWS_MAX }),
  ]);
  const found = [...differences];
  if (rosterOf(rows) !== rosterHashOf(own)) found.push("the rows of the other site's members");
  if (replica?.missingKey) found.push(`the replica misses key v${replica.missingKey.version}`);
  if (own.length === 0) return replica?.state ? [...found, "the replica outlived its last member"] : found;
  if (!replica?.state) return [...found, "there is no replica"];
  if (document?.rosterDigest !== rosterDigestOf(state)) found.push("replica.rosterDigest");
  const held = factsOf(replica.state);
  const different = Object.entries(factsOf(state))
    .filter(([fact, value]) => JSON.stringify(held[fact as keyof typeof held]) !== JSON.stringify(value))
    .map(([fact]) => `replica.${fact}`);
  return [...found, ...different];
}
