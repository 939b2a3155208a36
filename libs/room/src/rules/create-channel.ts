import { Failure } from "@parley/contract/failure";
import type { MemberEntry, RoomSettings } from "@parley/contract/shapes";

import type { CreateChannel, FoundAccount } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { assertCapacity } from "./capacity.ts";
import { assertKnownSites, expand, viaOrgsOf } from "./expand.ts";
import { invalidRequest } from "./preconditions.ts";

/** How every room begins. */
export const FIRST_SETTINGS: RoomSettings = { restricted: false, externalAccess: true };

type Standing = Pick<MemberEntry, "role" | "individual" | "viaOrgs" | "joinedAt">;

/** A member since the room's first event: nothing in it is withheld. */
export const foundingMember = (
  { account, userId, siteId, kind }: FoundAccount,
  standing: Standing,
): MemberEntry => ({ account, userId, siteId, kind, ...standing, keyFrom: 0 });

/** A channel of the creator, who owns it, and everybody named. */
export function createChannel(state: RoomState | undefined, command: CreateChannel): Ruling {
  const { name, creator, found, limits, at } = command;
  if (state) throw new Failure("room_conflict");
  if (name === "") throw invalidRequest("name", "a channel needs a name");

  const { candidates, orgs } = expand(found, { caller: creator.account, roomOrgs: new Map() });
  const others = [...candidates.values()].filter((candidate) => candidate.found.account !== creator.account);
  assertKnownSites(others, limits.knownSites);
  assertCapacity({ expanded: candidates.size, joining: others.length + 1, orgs: orgs.length }, limits);

  const orgIds = new Set(orgs.map(({ orgId }) => orgId));
  const owner = foundingMember(creator, {
    role: "owner",
    individual: true,
    viaOrgs: viaOrgsOf(creator, orgIds),
    joinedAt: at,
  });
  const members = others.map((candidate) =>
    foundingMember(candidate.found, {
      role: "member",
      individual: candidate.named,
      viaOrgs: candidate.viaOrgs,
      joinedAt: at,
    }),
  );
  return {
    type: "room_created",
    data: {
      roomType: "channel",
      name,
      members: [owner, ...members],
      orgs: [...orgs],
      settings: FIRST_SETTINGS,
      keyVersion: 0,
    },
  };
}
