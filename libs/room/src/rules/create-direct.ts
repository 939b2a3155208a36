import { Failure } from "@parley/contract/failure";
import type { RoomType } from "@parley/contract/shapes";

import type { CreateDirect, FoundAccount } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { FIRST_SETTINGS, foundingMember } from "./create-channel.ts";

function assertAvailable({ account, kind, enabled }: FoundAccount): void {
  if (enabled) return;
  const reason = kind === "agent" ? "agent_not_available" : "user_not_found";
  throw new Failure(reason, { metadata: { accounts: [account] } });
}

/** The same pair may only meet the same room: its id is that of both user ids. */
function assertSamePair(state: RoomState, type: RoomType, pair: readonly FoundAccount[]): void {
  const isPair = pair.every(({ account, userId }) => state.members.get(account)?.userId === userId);
  if (state.type !== type || !isPair) throw new Failure("room_conflict");
}

/**
 * A dm, or an agentDm if either is an agent. Nobody owns it and nobody is added or removed, so both are plain members.
 * An existing one is answered before availability is looked at: a disabled agent's room is still there.
 */
export function createDirect(state: RoomState | undefined, command: CreateDirect): Ruling {
  const { requester, other, limits, at } = command;
  const pair = [requester, other];
  if (requester.account === other.account) throw new Failure("self_dm");
  const roomType = pair.some(({ kind }) => kind === "agent") ? "agentDm" : "dm";
  if (state) {
    assertSamePair(state, roomType, pair);
    return "exists";
  }
  assertAvailable(other);
  const strangers = pair.filter(({ siteId }) => !limits.knownSites.has(siteId));
  if (strangers.length > 0)
    throw new Failure("unknown_site", { metadata: { accounts: strangers.map(({ account }) => account) } });
  return {
    type: "room_created",
    data: {
      roomType,
      name: "",
      members: pair.map((found) =>
        foundingMember(found, { role: "member", individual: true, viaOrgs: [], joinedAt: at }),
      ),
      orgs: [],
      settings: FIRST_SETTINGS,
      keyVersion: 0,
    },
  };
}
