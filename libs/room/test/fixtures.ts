import { Failure } from "@parley/contract/failure";
import { channelIdOf, directRoomIdOf, userIdOf } from "@parley/contract/ids";
import type { Role } from "@parley/contract/shapes";
import type {
  AddMembers,
  ChangeRole,
  CloseRoom,
  CloseDeserted,
  CreateChannel,
  CreateDirect,
  Found,
  FoundAccount,
  FoundChannel,
  FoundOrg,
  RemoveMember,
  RemoveOrg,
  RenameRoom,
  RestrictRoom,
  RetireMember,
  RoomCommand,
  RoomLimits,
  RotateKey,
  SetPolicy,
} from "../src/command.ts";
import { decide } from "../src/decide.ts";
import type { Decision } from "../src/decide.ts";
import type { RoomState } from "../src/state.ts";

export const HOME = "site-a";
export const T0 = 1_750_000_000_000;
export const LIMITS_OF_TESTS: RoomLimits = {
  maxRoomSize: 1000,
  maxBatchSize: 1000,
  knownSites: new Set([HOME, "site-b"]),
};

/** A request id or event id that can be told from its number. */
export const idOf = (number: number): string =>
  `00000000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;

export const person = (account: string, rest: Partial<FoundAccount> = {}): FoundAccount => ({
  account,
  userId: userIdOf(account),
  siteId: HOME,
  kind: "person",
  enabled: true,
  ...rest,
});
export const agent = (account: string, rest: Partial<FoundAccount> = {}): FoundAccount =>
  person(account, { kind: "agent", ...rest });

export const ann = person("ann");
export const bob = person("bob", { siteId: "site-b", sectId: "eng" });
export const cat = person("cat", { sectId: "eng", deptId: "tech" });
export const dan = person("dan", { deptId: "tech" });
export const bot = agent("bot", { sectId: "eng" });

const DIRECTORY: readonly FoundAccount[] = [ann, bob, cat, dan, bot];
/** The org as the directory of these tests resolves it, agents left in: `decide` must not take them. */
export const org = (orgId: string, people: readonly FoundAccount[] = DIRECTORY): FoundOrg => ({
  orgId,
  name: `The ${orgId}`,
  people: people.filter(({ sectId, deptId }) => sectId === orgId || deptId === orgId),
});

/** A channel that a command refers to. */
export const referred = (roomId: string, parts: Partial<FoundChannel>): FoundChannel => ({
  roomId,
  siteId: HOME,
  users: [],
  missing: [],
  orgs: [],
  ...parts,
});

export const found = (parts: Partial<Found>): Found => ({ users: [], missing: [], orgs: [], ...parts });

let lastNumber = 0;
const asked = (account: string) => {
  lastNumber += 1;
  const id = idOf(lastNumber);
  return { requestId: id, eventId: id, actor: { account, kind: "person" as const }, at: T0 + lastNumber };
};

export function createChannel(parts: Partial<Found>, rest: Partial<CreateChannel> = {}): CreateChannel {
  const creator = rest.creator ?? ann;
  const asking = { ...asked(creator.account), ...rest };
  const roomId = channelIdOf({ siteId: HOME, account: creator.account, requestId: asking.requestId });
  return {
    type: "create_channel",
    roomId,
    siteId: HOME,
    name: "Plans",
    creator,
    found: found(parts),
    limits: LIMITS_OF_TESTS,
    ...asking,
  };
}

export const createDirect = (requester: FoundAccount, other: FoundAccount): CreateDirect => ({
  type: "create_direct",
  ...asked(requester.account),
  roomId: directRoomIdOf([requester.userId, other.userId]),
  siteId: HOME,
  requester,
  other,
  limits: LIMITS_OF_TESTS,
});

export const add = (
  caller: string,
  parts: Partial<Found>,
  rest: Partial<Omit<AddMembers, "type">> = {},
): AddMembers => ({
  type: "add_members",
  ...asked(caller),
  found: found(parts),
  history: "none",
  limits: LIMITS_OF_TESTS,
  ...rest,
});
export const remove = (caller: string, account: string): RemoveMember => ({
  type: "remove_member",
  ...asked(caller),
  account,
});
export const removeOrg = (caller: string, orgId: string): RemoveOrg => ({
  type: "remove_org",
  ...asked(caller),
  orgId,
});
export const setRole = (caller: string, account: string, role: Role): ChangeRole => ({
  type: "change_role",
  ...asked(caller),
  account,
  role,
});
/** `isAdmin`: whether the directory makes the caller an administrator. */
export const rename = (caller: string, name: string, isAdmin = false): RenameRoom => ({
  type: "rename_room",
  ...asked(caller),
  isAdmin,
  name,
});
/** By a directory admin who is no member, unless told. */
export const restrict = (parts: Partial<Omit<RestrictRoom, "type">>, caller = "root"): RestrictRoom => ({
  type: "restrict_room",
  ...asked(caller),
  isAdmin: true,
  restricted: true,
  externalAccess: true,
  ...parts,
});
export const close = (caller: string): CloseRoom => ({ type: "close_room", ...asked(caller) });
export const setPolicy = (caller: string, rekeyOnJoin: boolean): SetPolicy => ({
  type: "set_policy",
  ...asked(caller),
  rekeyOnJoin,
});
export const rotate = (version: number, reason: RotateKey["reason"] = "lost"): RotateKey => ({
  type: "rotate_key",
  ...asked("system"),
  actor: { account: "system", kind: "system" },
  reason,
  version,
});

const SYSTEM = { account: "system", kind: "system" } as const;
export const retire = (account: string): RetireMember => ({
  type: "retire_member",
  ...asked("system"),
  actor: SYSTEM,
  account,
});
export const closeDeserted = (account: string): CloseDeserted => ({
  type: "close_deserted",
  ...asked("system"),
  actor: SYSTEM,
  account,
});

type Happened = Extract<Decision, { outcome: "event" }>;

/** The event that the command must lead to, and the room after it. */
export function happening(state: RoomState | undefined, command: RoomCommand): Happened {
  const decision = decide(state, command);
  if (decision.outcome !== "event") throw new Error(`${command.type} led to ${decision.outcome}`);
  return decision;
}

/** The room after commands that must all be accepted. */
export function roomAfter(
  first: CreateChannel | CreateDirect,
  ...commands: readonly RoomCommand[]
): RoomState {
  const created = happening(undefined, first).state;
  return commands.reduce((state, command) => happening(state, command).state, created);
}

/** The refusal that the command must meet. */
export function refusalOf(state: RoomState | undefined, command: RoomCommand) {
  try {
    decide(state, command);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { reason, metadata } = error;
    return { reason, ...(metadata && { metadata }) };
  }
  throw new Error(`${command.type} was not refused`);
}
