import type { DirectoryEntry } from "@parley/contract/directory";
import { Failure } from "@parley/contract/failure";
import { byteOrder, channelIdOf, directRoomIdOf } from "@parley/contract/ids";
import { createRoom } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { FoundAccount, RoomLimits } from "@parley/room/command";

import type { Commanding, Commands } from "../run-command.ts";

interface Deps {
  readonly siteId: string;
  readonly commands: Commands;
  readonly directory: Pick<DirectoryStore, "resolve" | "find">;
  readonly limits: RoomLimits;
}

type Caller = { readonly caller: DirectoryEntry };

const refuse = (path: string, message: string): Failure =>
  new Failure("invalid_request", { metadata: { issues: [{ path, message }] } });

const foundOf = (entry: DirectoryEntry): FoundAccount => ({
  account: entry.account,
  userId: entry.userId,
  siteId: entry.homeSite,
  kind: entry.kind,
  enabled: entry.enabled,
  sectId: entry.sectId,
  deptId: entry.deptId,
});

/** A direct message lives at the home of the participant whose user id sorts first (SPEC-rooms 3.1). */
const homeOf = (pair: readonly [DirectoryEntry, DirectoryEntry]): string =>
  pair.toSorted((a, b) => byteOrder(a.userId, b.userId))[0]?.homeSite ?? pair[0].homeSite;

async function openDirect(deps: Deps, request: Commanding & Caller, otherAccount: string) {
  const { caller } = request;
  const other = await deps.directory.find(otherAccount);
  if (!other) throw new Failure("user_not_found", { metadata: { accounts: [otherAccount] } });
  const siteId = homeOf([caller, other]);
  if (siteId !== deps.siteId) throw new Failure("home_site_unreachable", { metadata: { siteId } });
  const roomId = directRoomIdOf([caller.userId, other.userId]);
  const reply = await deps.commands.ofAnybody(request, roomId, (asked) => ({
    ...asked,
    type: "create_direct",
    roomId,
    siteId,
    requester: foundOf(caller),
    other: foundOf(other),
    limits: deps.limits,
  }));
  const withAgent = caller.kind === "agent" || other.kind === "agent";
  return { ...reply, roomType: withAgent ? ("agentDm" as const) : ("dm" as const), siteId };
}

async function openChannel(
  deps: Deps,
  request: Commanding & Caller,
  named: { name: string; users: readonly string[]; orgs: readonly string[] },
) {
  const { siteId } = deps;
  const { caller, requestId } = request;
  const roomId = channelIdOf({ siteId, account: caller.account, requestId });
  const found = await deps.directory.resolve(named);
  const reply = await deps.commands.ofAnybody(request, roomId, (asked) => ({
    ...asked,
    type: "create_channel",
    roomId,
    siteId,
    name: named.name,
    creator: foundOf(caller),
    found,
    limits: deps.limits,
  }));
  return { ...reply, roomType: "channel" as const, siteId };
}

/** Opens a channel, or the direct message of the caller and the one account named (SPEC-rooms 3.1). */
export const createRoomEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(createRoom, (request) => {
    const { name, orgs = [] } = request.body;
    const named = [...new Set(request.body.users)];
    const users = named.filter((account) => account !== request.caller.account);
    const [only] = users;
    if (name === undefined && orgs.length === 0) {
      if (named.length === 0) throw refuse("", "name the room, or whom it is with");
      if (only === undefined) throw new Failure("self_dm");
      if (users.length === 1) return openDirect(deps, request, only);
    }
    if (name === undefined) throw refuse("name", "a channel needs a name");
    return openChannel(deps, request, { name, users, orgs: [...new Set(orgs)] });
  });
