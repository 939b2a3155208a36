import { randomUUID } from "node:crypto";

import { canonicalSubjects, encodeEvent, roomFilter, type CanonicalEvent } from "@parley/contract/events";
import { messageIds } from "@parley/contract/headers";
import { channelIdOf, directRoomIdOf, uuidV7 } from "@parley/contract/ids";
import { publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import type { Found, FoundAccount, RoomCommand } from "@parley/room/command";
import { decide } from "@parley/room/decide";
import type { RoomState } from "@parley/room/state";
import { agent, org, person } from "@parley/room/test/fixtures";
import type { StoredRoomEvent } from "@parley/room-log/stored-event";
import type { TestSite } from "@parley/site/test/test-site";

export const ACCOUNTS = ["ann", "bob", "cat", "dan", "eve", "fay", "bot"] as const;
type Account = (typeof ACCOUNTS)[number];

/** One step in a room's life, told without its envelope. */
export type Step =
  | { readonly add: Partial<{ users: readonly Account[]; orgs: readonly string[] }>; readonly by?: Account }
  | { readonly remove: Account; readonly by?: Account }
  | { readonly removeOrg: string; readonly by?: Account }
  | { readonly role: "owner" | "member"; readonly of: Account; readonly by?: Account }
  | { readonly rename: string; readonly by?: Account }
  /** By a directory admin who is no member, with people enough. */
  | { readonly restrictUnder: Account }
  | { readonly rekeyOnJoin: boolean; readonly by?: Account }
  | { readonly close: true; readonly by?: Account }
  | { readonly rotate: true };

/** Rooms as room-service would write them: decided by the same rules, appended at the revision they expect. */
export interface SiteRooms {
  /** The first event of a new channel, or of the direct message of two accounts. */
  channel(parts?: Partial<{ users: readonly Account[]; orgs: readonly string[] }>): TestRoom;
  direct(pair: readonly [Account, Account]): TestRoom;
}

export interface TestRoom {
  readonly roomId: string;
  readonly state: () => RoomState | undefined;
  /** Appends the first event, or what this step leads to; the event as the log holds it. */
  append(step?: Step): Promise<StoredRoomEvent>;
  /** The events that were appended. */
  readonly log: readonly StoredRoomEvent[];
}

/** The people of these tests as a site's directory finds them. */
function createDirectory(siteId: string) {
  const known = new Map<string, FoundAccount>([
    ["cat", person("cat", { siteId, sectId: "eng", deptId: "tech" })],
    ["dan", person("dan", { siteId, deptId: "tech" })],
    ["eve", person("eve", { siteId, sectId: "eng" })],
    ["bot", agent("bot", { siteId })],
  ]);
  const accountOf = (account: string): FoundAccount => known.get(account) ?? person(account, { siteId });
  const everybody = ACCOUNTS.map(accountOf);
  return {
    accountOf,
    foundOf: (parts: { users?: readonly string[]; orgs?: readonly string[] }): Found => ({
      users: (parts.users ?? []).map(accountOf),
      missing: [],
      orgs: (parts.orgs ?? []).map((orgId) => org(orgId, everybody)),
    }),
    askedBy: (account: string) => {
      const at = Date.now();
      const actor = { account, kind: accountOf(account).kind };
      return { requestId: randomUUID(), eventId: uuidV7(at), actor, at };
    },
    limits: { maxRoomSize: 1000, maxBatchSize: 1000, knownSites: new Set([siteId]) },
  };
}

type Directory = ReturnType<typeof createDirectory>;

function commandOf({ askedBy, foundOf, limits }: Directory, state: RoomState, step: Step): RoomCommand {
  if ("rotate" in step) {
    const actor = { account: "system", kind: "system" as const };
    return { ...askedBy("ann"), actor, type: "rotate_key", reason: "lost", version: state.keyVersion };
  }
  if ("restrictUnder" in step) {
    const settings = { restricted: true, externalAccess: false, ownerAccount: step.restrictUnder };
    return { ...askedBy("root"), type: "restrict_room", isAdmin: true, ...settings };
  }
  const asked = askedBy(step.by ?? "ann");
  if ("add" in step)
    return { ...asked, type: "add_members", found: foundOf(step.add), history: "none", limits };
  if ("remove" in step) return { ...asked, type: "remove_member", account: step.remove };
  if ("removeOrg" in step) return { ...asked, type: "remove_org", orgId: step.removeOrg };
  if ("rename" in step) return { ...asked, type: "rename_room", isAdmin: false, name: step.rename };
  if ("rekeyOnJoin" in step) return { ...asked, type: "set_policy", rekeyOnJoin: step.rekeyOnJoin };
  if ("close" in step) return { ...asked, type: "close_room" };
  return { ...asked, type: "change_role", account: step.of, role: step.role };
}

async function store(
  broker: TestSite["broker"],
  event: CanonicalEvent,
  before: StoredRoomEvent | undefined,
): Promise<StoredRoomEvent> {
  const { siteId, roomId, type, requestId } = event;
  const bytes = encodeEvent(event);
  const trace = traceOf(undefined, requestId);
  const previousSequence = before?.streamSequence ?? 0;
  const { seq: streamSequence } = await publishToStream(broker, {
    subject: canonicalSubjects.roomAppend.of({ siteId, roomId, type }),
    payload: bytes,
    messageId: messageIds.roomEvent(roomId, requestId),
    trace,
    expect: { filter: roomFilter({ siteId, roomId }), lastSequence: previousSequence },
  });
  return { event, bytes, streamSequence, previousSequence, trace };
}

function openRoom(
  directory: Directory,
  broker: TestSite["broker"],
  first: RoomCommand & { readonly roomId: string },
): TestRoom {
  const log: StoredRoomEvent[] = [];
  let state: RoomState | undefined;
  const next = (step: Step | undefined) => {
    if (!state || !step) return decide(state, first);
    return decide(state, commandOf(directory, state, step));
  };
  return {
    roomId: first.roomId,
    state: () => state,
    log,
    append: async (step) => {
      const decision = next(step);
      if (decision.outcome !== "event") throw new Error(`the step led to ${decision.outcome}`);
      const stored = await store(broker, decision.event, log.at(-1));
      ({ state } = decision);
      log.push(stored);
      return stored;
    },
  };
}

export function createSiteRooms({ siteId, broker }: Pick<TestSite, "siteId" | "broker">): SiteRooms {
  const directory = createDirectory(siteId);
  const { accountOf, askedBy, foundOf, limits } = directory;
  return {
    channel: (parts = {}) => {
      const asked = askedBy("ann");
      const roomId = channelIdOf({ siteId, account: "ann", requestId: asked.requestId });
      const [creator, found] = [accountOf("ann"), foundOf(parts)];
      return openRoom(directory, broker, {
        ...asked,
        type: "create_channel",
        roomId,
        siteId,
        name: "Plans",
        creator,
        found,
        limits,
      });
    },
    direct: ([one, second]) => {
      const requester = accountOf(one);
      // Tests open the same pair again and again, so it is another room each time.
      const other = { ...accountOf(second), userId: randomUserId() };
      const roomId = directRoomIdOf([requester.userId, other.userId]);
      const asked = askedBy(one);
      return openRoom(directory, broker, {
        ...asked,
        type: "create_direct",
        roomId,
        siteId,
        requester,
        other,
        limits,
      });
    },
  };
}

const randomUserId = (): string => randomUUID().replaceAll("-", "").slice(0, 17);
