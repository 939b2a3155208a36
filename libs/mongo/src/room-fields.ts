import { byteOrder } from "@parley/contract/ids";
import { countsOf, participatingSites } from "@parley/room/membership";
import { rosterDigestOf } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";

import type { RoomDocument } from "./room-document-store.ts";

type IdentityField = "roomId" | "siteId" | "type" | "createdAt" | "participants";
type ProgressField = "applied" | "waiting" | "quarantined" | "lastMessageAt" | "lastMessageId" | "rekeyDue";

/** What never changes over a room's life. */
export function roomIdentityOf(state: RoomState): Omit<Pick<RoomDocument, IdentityField>, "roomId"> {
  return {
    siteId: state.siteId,
    type: state.type,
    createdAt: state.createdAt,
    ...(state.type !== "channel" && { participants: participantsOf(state) }),
  };
}

/** What each event may change. */
export function roomFieldsOf(state: RoomState): Omit<RoomDocument, IdentityField | ProgressField> {
  return {
    name: state.name,
    settings: state.settings,
    closed: state.closed,
    sites: participatingSites(state),
    ...countsOf(state),
    orgs: orgsOf(state),
    keyVersion: state.keyVersion,
    appliedAt: state.at,
    chain: state.chain,
    rosterHash: state.rosterHash,
    rosterDigest: rosterDigestOf(state),
    digestRevision: state.revision,
    ...(state.dueRotatedAt !== undefined && { dueRotatedAt: state.dueRotatedAt }),
  };
}

const participantsOf = (state: RoomState): NonNullable<RoomDocument["participants"]> =>
  [...state.members.values()]
    .map(({ account, siteId }) => ({ account, siteId }))
    .toSorted((a, b) => byteOrder(a.account, b.account));

function orgsOf(state: RoomState): RoomDocument["orgs"] {
  const covered = Map.groupBy(
    [...state.members.values()].flatMap((member) => member.viaOrgs),
    (orgId) => orgId,
  );
  return [...state.orgs]
    .map(([orgId, { name, addedAt }]) => ({
      orgId,
      name,
      addedAt,
      memberCount: covered.get(orgId)?.length ?? 0,
    }))
    .toSorted((a, b) => byteOrder(a.orgId, b.orgId));
}
