import * as fc from "fast-check";

import type { CanonicalEvent } from "@parley/contract/events";
import { Failure } from "@parley/contract/failure";
import { channelIdOf, userIdOf } from "@parley/contract/ids";
import { LIMITS } from "@parley/contract/limits";
import type { AccountKind } from "@parley/contract/shapes";
import { accountsReferred } from "../src/channel-reference.ts";
import type { Found, FoundAccount, FoundChannel, FoundOrg, RoomCommand, RoomLimits } from "../src/command.ts";
import { decide } from "../src/decide.ts";
import type { Decision } from "../src/decide.ts";
import type { RoomState } from "../src/state.ts";

/** A command of a random history and what became of it. */
export interface HistoryStep {
  readonly command: RoomCommand;
  readonly before: RoomState | undefined;
  /** The room afterwards; that of `before` unless an event happened. */
  readonly after: RoomState | undefined;
  readonly outcome: Decision | Failure;
}

/** The life of one channel: every command that was tried, and the log that came of it. */
export interface RandomHistory {
  readonly steps: readonly HistoryStep[];
  readonly log: readonly { readonly event: CanonicalEvent; readonly bytes: Uint8Array }[];
  readonly state: RoomState;
}

interface HistoryOptions {
  readonly siteId?: string;
  /** Most commands after the room was created. */
  readonly commandsMax?: number;
}

const FIRST_AT = 1_750_000_000_000;
const PEER = "site-peer";
/** Directory admins: one who may become a member, and one who never is. */
const ADMINS: readonly string[] = ["bob", "root"];
/** One of them sorts differently by byte than by UTF-16 unit. */
const ACCOUNTS = ["ann", "bob", "cat", "dan", "eve", "fay", "\u{FF5A}oe", "\u{1F600}", "bot", "helper"];
const ORGS = ["eng", "ops", "sales"];
const kindOf = (name: string): AccountKind => (name === "bot" || name === "helper" ? "agent" : "person");
const uuidOf = (number: number): string => `00000000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;

/** A directory whose people change orgs while the room lives. */
function directoryOf(siteId: string) {
  const newcomer = (name: string, index: number): FoundAccount => ({
    account: name,
    userId: userIdOf(name),
    siteId: index % 3 === 1 ? PEER : siteId,
    kind: kindOf(name),
    enabled: true,
  });
  const entries = new Map(ACCOUNTS.map((name, index) => [name, newcomer(name, index)]));
  const entryOf = (name: string): FoundAccount => {
    const entry = entries.get(name);
    if (!entry) throw new Error(`${name} is not in the directory`);
    return entry;
  };
  const orgOf = (orgId: string): FoundOrg => ({
    orgId,
    name: `The ${orgId}`,
    people: [...entries.values()].filter(({ sectId, deptId }) => sectId === orgId || deptId === orgId),
  });
  return {
    entryOf,
    orgOf,
    move: (name: string, orgs: Pick<FoundAccount, "sectId" | "deptId">): void => {
      entries.set(name, { ...entryOf(name), ...orgs });
    },
    find: (users: readonly string[], orgs: readonly string[]): Found => ({
      users: users.map(entryOf),
      missing: [],
      orgs: orgs.map(orgOf),
    }),
    /** Another channel with these members, all of them individual, and these orgs. */
    channelOf: (roomId: string, names: readonly string[], orgs: readonly string[]): FoundChannel => {
      const members = names.map(entryOf).map(({ account: name, kind }) => ({
        account: name,
        kind,
        individual: true,
      }));
      const users = accountsReferred(members).map(entryOf);
      return { roomId, siteId, users, missing: [], orgs: orgs.map(orgOf) };
    },
  };
}

interface Context {
  readonly directory: ReturnType<typeof directoryOf>;
  readonly asked: Pick<RoomCommand, "requestId" | "eventId" | "actor" | "at">;
  readonly limits: RoomLimits;
}
/** What happens next: a command, or a change of the directory that no room hears of. */
type Happening = (context: Context) => RoomCommand | undefined;

const account = fc.constantFrom(...ACCOUNTS);
const orgId = fc.constantFrom(...ORGS);
const maybeOrgId = fc.option(orgId, { nil: undefined });
const accounts = fc.uniqueArray(account, { maxLength: 4 });
const orgIds = fc.uniqueArray(orgId, { maxLength: 2 });
const roomName = fc.constantFrom("Plans", "Deeds");
const role = fc.constantFrom("owner" as const, "member" as const);
const history = fc.constantFrom("none" as const, "all" as const);

const move: fc.Arbitrary<Happening> = fc.tuple(account, maybeOrgId, maybeOrgId).map(
  ([name, sectId, deptId]) =>
    ({ directory }) =>
      directory.move(name, { sectId, deptId }) ?? undefined,
);
const add: fc.Arbitrary<Happening> = fc
  .tuple(accounts, orgIds, history)
  .map(([users, orgs, shared]) => ({ asked, directory, limits }) => {
    const found = directory.find(users, orgs);
    return { ...asked, type: "add_members", found, history: shared, limits };
  });
const addChannels: fc.Arbitrary<Happening> = fc
  .tuple(accounts, fc.array(fc.tuple(accounts, orgIds), { minLength: 1, maxLength: 3 }))
  .map(([users, others]) => ({ asked, directory, limits }) => {
    const channels = others.map(([names, orgs], index) => directory.channelOf(`other${index}`, names, orgs));
    const found = { ...directory.find(users, []), channels };
    return { ...asked, type: "add_members", found, history: "none", limits };
  });
const SYSTEM = { account: "system", kind: "system" } as const;
const retire: fc.Arbitrary<Happening> = account.map((target) => ({ asked }) => {
  return { ...asked, type: "retire_member", account: target, actor: SYSTEM };
});
const remove: fc.Arbitrary<Happening> = fc.option(account).map((target) => ({ asked }) => {
  return { ...asked, type: "remove_member", account: target ?? asked.actor.account };
});
const removeOrg: fc.Arbitrary<Happening> = orgId.map((org) => ({ asked }) => {
  return { ...asked, type: "remove_org", orgId: org };
});
const changeRole: fc.Arbitrary<Happening> = fc.tuple(account, role).map(([target, to]) => ({ asked }) => ({
  ...asked,
  type: "change_role",
  account: target,
  role: to,
}));
/** Half of what admins may do is asked by one, whoever's turn it is. */
const admin = fc.option(fc.constantFrom(...ADMINS), { freq: 2 });
const askedBy = (asked: Context["asked"], by: string | null) => {
  const actor = by === null ? asked.actor : { account: by, kind: kindOf(by) };
  return { ...asked, actor, isAdmin: ADMINS.includes(actor.account) };
};
const rename: fc.Arbitrary<Happening> = fc.tuple(admin, roomName).map(([by, to]) => ({ asked }) => {
  return { ...askedBy(asked, by), type: "rename_room", name: to };
});
const settings = fc.oneof(
  fc.record({ restricted: fc.boolean(), externalAccess: fc.boolean() }),
  fc.record({ restricted: fc.boolean(), externalAccess: fc.boolean(), ownerAccount: account }),
);
const restrict: fc.Arbitrary<Happening> = fc.tuple(admin, settings).map(([by, set]) => ({ asked }) => {
  return { ...askedBy(asked, by), type: "restrict_room", ...set };
});
const close: fc.Arbitrary<Happening> = fc.constant(({ asked }) => ({ ...asked, type: "close_room" }));
const setPolicy: fc.Arbitrary<Happening> = fc.boolean().map((rekeyOnJoin) => ({ asked }) => {
  return { ...asked, type: "set_policy", rekeyOnJoin };
});
const rotation = fc.tuple(fc.nat(4), fc.constantFrom("lost" as const, "due" as const));
const rotate: fc.Arbitrary<Happening> = rotation.map(([version, reason]) => ({ asked }) => {
  return { ...asked, type: "rotate_key", reason, version, actor: SYSTEM };
});

const step = fc.record({
  caller: fc.oneof({ weight: 2, arbitrary: fc.constant("ann") }, { weight: 1, arbitrary: account }),
  /** Clocks of two processes differ a little; now and then nothing happens for a while. */
  sinceLastMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -5, max: 20 }) },
    { weight: 1, arbitrary: fc.constantFrom(LIMITS.dueRotationPauseMs - 20, LIMITS.dueRotationPauseMs) },
  ),
  /** Now and then a request id of before comes again. */
  repeatOf: fc.option(fc.nat(30), { freq: 8 }),
  happening: fc.oneof(
    {
      weight: 60,
      arbitrary: fc.oneof(
        move,
        add,
        add,
        addChannels,
        remove,
        removeOrg,
        changeRole,
        // Mostly of a version that the room is not at.
        rotate,
        rotate,
        retire,
        rename,
        restrict,
        setPolicy,
      ),
    },
    // Little happens in a closed room, so most are closed late or never.
    { weight: 1, arbitrary: close },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Half of the channels begin with nobody but the creator, so that the rules about last ones are met. */
const few = <T>(some: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> => fc.oneof(fc.constant<T[]>([]), some);
const start = fc.record({
  accounts: few(accounts),
  orgIds: few(orgIds),
  moves: fc.array(move, { minLength: 4, maxLength: 12 }),
});
type Start = typeof start extends fc.Arbitrary<infer T> ? T : never;

const ask = (number: number, caller: string, at: number): Context["asked"] => ({
  requestId: uuidOf(number),
  eventId: uuidOf(number + 2 ** 20),
  actor: { account: caller, kind: kindOf(caller) },
  at,
});

function tried(before: RoomState | undefined, command: RoomCommand): HistoryStep {
  try {
    const outcome = decide(before, command);
    return { command, before, outcome, after: outcome.outcome === "event" ? outcome.state : before };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { command, before, outcome: error, after: before };
  }
}

function createCommand({ directory, asked, limits }: Context, first: Start, siteId: string): RoomCommand {
  const inhabited = first.orgIds.filter((org) =>
    directory.orgOf(org).people.some(({ kind }) => kind === "person"),
  );
  return {
    ...asked,
    type: "create_channel",
    roomId: channelIdOf({ siteId, account: "ann", requestId: asked.requestId }),
    siteId,
    name: "Plans",
    creator: directory.entryOf("ann"),
    found: directory.find(first.accounts, inhabited),
    limits: { ...limits, maxRoomSize: ACCOUNTS.length, maxBatchSize: ACCOUNTS.length },
  };
}

function play(siteId: string, first: Start, steps: readonly Step[]): RandomHistory {
  const directory = directoryOf(siteId);
  const limits: RoomLimits = { maxRoomSize: 9, maxBatchSize: 8, knownSites: new Set([siteId, PEER]) };
  const context = { directory, limits, asked: ask(0, "ann", FIRST_AT) };
  for (const moved of first.moves) moved(context);

  const played = [tried(undefined, createCommand(context, first, siteId))];
  let at = FIRST_AT;
  for (const [index, { caller, sinceLastMs, repeatOf, happening }] of steps.entries()) {
    at += sinceLastMs;
    const number = repeatOf !== null && repeatOf <= index ? repeatOf : index + 1;
    const command = happening({ directory, limits, asked: ask(number, caller, at) });
    if (command) played.push(tried(played.at(-1)?.after, command));
  }
  const log = played.flatMap(({ outcome }) =>
    !(outcome instanceof Failure) && outcome.outcome === "event" ? [outcome] : [],
  );
  const state = played.at(-1)?.after;
  if (!state) throw new Error("the channel was not created");
  return { steps: played, log, state };
}

/**
 * Random lives of a channel: members and orgs come and go, roles, name, settings, policy and keys change, some are closed,
 * requests are repeated or refused.
 */
export const randomHistory = ({ siteId = "site-a", commandsMax = 30 }: HistoryOptions = {}) =>
  fc
    .tuple(start, fc.array(step, { maxLength: commandsMax, size: "max" }))
    .map(([first, steps]) => play(siteId, first, steps));
