import { base62, byteOrder, directRoomIdOf, userIdOf } from "@parley/contract/ids";
import type { MemberEntry } from "@parley/contract/shapes";
import { rosterHashOf } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";

let rooms = 0;

/** A room id no other test of the run uses in this database. */
export const newRoomId = (): string => base62(`room ${(rooms += 1)} ${process.pid}`, 17);

export const member = (account: string, fields: Partial<MemberEntry> = {}): MemberEntry => ({
  account,
  userId: userIdOf(account),
  siteId: "alpha",
  kind: "person",
  role: "member",
  individual: true,
  viaOrgs: [],
  joinedAt: 1_750_000_000_000,
  keyFrom: 0,
  ...fields,
});

type RoomFields = Partial<Omit<RoomState, "members" | "orgs">> & {
  readonly members?: readonly MemberEntry[];
  readonly orgs?: RoomState["orgs"];
};

/** A channel of ann and bob after its first event, unless told otherwise. */
export function room(fields: RoomFields = {}): RoomState {
  const members = fields.members ?? [member("ann", { role: "owner" }), member("bob")];
  return {
    roomId: newRoomId(),
    siteId: "alpha",
    type: "channel",
    name: "harbour",
    createdAt: 1_750_000_000_000,
    revision: 1,
    chain: "",
    at: 1_750_000_000_000,
    orgs: new Map(),
    keyVersion: 0,
    settings: { restricted: false, externalAccess: true },
    closed: false,
    recentRequests: [],
    ...fields,
    members: new Map(members.map((entry) => [entry.account, entry])),
    rosterHash: rosterHashOf(members),
  };
}

/** The direct message of two people of different sites. */
export const directMessage = (accounts: readonly [string, string]): RoomState =>
  room({
    roomId: directRoomIdOf([userIdOf(accounts[0]), userIdOf(accounts[1])]),
    type: "dm",
    name: "",
    members: accounts
      .toSorted(byteOrder)
      .map((account, index) => member(account, { siteId: index === 0 ? "alpha" : "beta" })),
  });
