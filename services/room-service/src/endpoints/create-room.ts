import type { DirectoryEntry } from "@parley/contract/directory";
import { Failure } from "@parley/contract/failure";
import { channelIdOf } from "@parley/contract/ids";
import { createRoom } from "@parley/contract/room-requests";
import { openDirect } from "@parley/contract/server-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { Peers } from "@parley/messaging/peers";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { RoomLimits } from "@parley/room/command";

import type { FollowChannels } from "../channel-references.ts";
import { foundOf, homeOfDirect, openDirectHere } from "../direct-messages.ts";
import type { JudgeNamed } from "../named-accounts.ts";
import type { Commanding, Commands } from "../run-command.ts";

interface Deps {
  readonly siteId: string;
  readonly commands: Commands;
  readonly directory: Pick<DirectoryStore, "find">;
  readonly followChannels: FollowChannels;
  readonly judgeNamed: JudgeNamed;
  readonly peers: Pick<Peers, "ask">;
  readonly limits: RoomLimits;
}

type Caller = { readonly caller: DirectoryEntry };
type Channels = readonly { readonly roomId: string; readonly siteId: string }[];

const refuse = (path: string, message: string): Failure =>
  new Failure("invalid_request", { metadata: { issues: [{ path, message }] } });

/** Opens the direct message at its home, be that this site or a peer, whose reply is handed on. */
async function openDirectAtHome(deps: Deps, request: Commanding & Caller, otherAccount: string) {
  const { caller: requester, trace } = request;
  const other = await deps.directory.find(otherAccount);
  if (!other) throw new Failure("user_not_found", { metadata: { accounts: [otherAccount] } });
  const home = homeOfDirect({ requester, other });
  if (home === deps.siteId) return openDirectHere(deps, request, { requester, other });
  if (!deps.limits.knownSites.has(home))
    throw new Failure("unknown_site", { metadata: { accounts: [otherAccount] } });
  return deps.peers.ask(openDirect, {
    peer: home,
    body: { requesterAccount: requester.account, otherAccount },
    trace,
  });
}

async function openChannel(
  deps: Deps,
  request: Commanding & Caller,
  named: { name: string; users: readonly string[]; orgs: readonly string[]; channels: Channels },
) {
  const { siteId } = deps;
  const { caller, requestId } = request;
  const { name, users, orgs } = named;
  const roomId = channelIdOf({ siteId, account: caller.account, requestId });
  const channels = await deps.followChannels(named.channels, request);
  const reply = await deps.judgeNamed({ users, orgs, channels }, (found) =>
    deps.commands.ofAnybody(request, roomId, (asked) => ({
      ...asked,
      type: "create_channel",
      roomId,
      siteId,
      name,
      creator: foundOf(caller),
      found,
      limits: deps.limits,
    })),
  );
  return { ...reply, roomType: "channel" as const, siteId };
}

/** Opens a channel, or the direct message of the caller and the one account named (SPEC-rooms 3.1). */
export const createRoomEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(createRoom, (request) => {
    const { name, orgs = [], channels = [] } = request.body;
    const named = [...new Set(request.body.users)];
    const users = named.filter((account) => account !== request.caller.account);
    const [only] = users;
    if (name === undefined && orgs.length + channels.length === 0) {
      if (named.length === 0) throw refuse("", "name the room, or whom it is with");
      if (only === undefined) throw new Failure("self_dm");
      if (users.length === 1) return openDirectAtHome(deps, request, only);
    }
    if (name === undefined) throw refuse("name", "a channel needs a name");
    return openChannel(deps, request, { name, users, orgs: [...new Set(orgs)], channels });
  });
