import type { DirectoryEntry } from "@parley/contract/directory";
import { userIdOf } from "@parley/contract/ids";
import type { RequestDeclaration } from "@parley/contract/request";
import type { RoomDocument } from "@parley/mongo/room-document-store";
import type { Subscription } from "@parley/mongo/subscription-store";
import { countsOf, participatingSites } from "@parley/room/membership";
import { bob, createChannel, HOME, roomAfter } from "@parley/room/test/fixtures";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createRoomKey } from "@parley/room-crypto/room-key";
import { toBase64 } from "@parley/room-crypto/base64";
import { createWrapper } from "@parley/room-crypto/wrapper";
import { describe, expect, test } from "vitest";
import type { z } from "zod";

import { getKeyEndpoint } from "./endpoints/get-key.ts";
import { getRoomKeyEndpoint } from "./endpoints/get-room-key.ts";
import { listRoomsEndpoint } from "./endpoints/list-rooms.ts";
import { createFindKeyForMember } from "./key-for-member.ts";

const state = roomAfter(createChannel({ users: [bob] }));
const { roomId } = state;
const trace = { requestId: "id", traceParent: "" };

function rowOf(account: string, roomSite = HOME): Subscription {
  const entry = state.members.get(account);
  if (!entry) throw new Error(`${account} is no member`);
  const { siteId: accountSite, ...membership } = entry;
  const own = { muted: false, favourite: false };
  return { ...membership, ...own, roomId, roomSite, accountSite, roomType: "channel", revision: 1 };
}

const entryOf = (account: string, homeSite: string): DirectoryEntry => ({
  account,
  userId: userIdOf(account),
  kind: "person",
  homeSite,
  enabled: true,
  admin: false,
  words: [],
});

/** The stores of a room whose projection has version 0; `reads` names what was asked, in order. */
function setUp(current: number, home = HOME) {
  const reads: string[] = [];
  const read = async <T>(name: string, value: T): Promise<T> => {
    reads.push(name);
    return value;
  };
  const room: RoomDocument = {
    ...state,
    siteId: home,
    ...countsOf(state),
    sites: participatingSites(state),
    orgs: [],
    applied: state.revision,
    appliedAt: state.at,
    rosterDigest: "0".repeat(64),
    digestRevision: state.revision,
  };
  const key = createRoomKey({ roomId, version: current, pair: nodeSuite.generatePair() });
  const deps = {
    siteId: HOME,
    keys: {
      get: () => read("key", key),
      getByVersion: () => read("key", key),
      getVersion: () => read("version", current),
      getMany: () => read("key", new Map([[roomId, { status: "found", value: key } as const]])),
    },
    rooms: {
      find: () => read("room", room),
      findMany: () => read("room", [room]),
      changedSince: () => read("room", []),
    },
    subscriptions: {
      find: (_: string, account: string) =>
        read("row", state.members.has(account) ? rowOf(account, home) : undefined),
      listRooms: () => read("rows", { rows: [rowOf("ann", home)] }),
      walkRooms: () => read("rows", { rows: [] }),
      findMany: () => read("row", [rowOf("ann", home)]),
      hasMemberOf: () => read("rows", true),
    },
    receptionFor: () => read("devices", "bytes" as const),
    roomLog: { current: () => read("log", state) },
    directory: { find: async (account: string) => entryOf(account, "site-b") },
    peers: {
      ask: async <T extends string, B extends z.ZodType, R extends z.ZodType>({
        reply,
      }: RequestDeclaration<T, B, R>) => {
        const { publicKey, privateKey } = key.pair;
        const pair = { publicKey: toBase64(publicKey), privateKey: toBase64(privateKey) };
        return reply.parse(await read("home", { roomId, version: current, ...pair }));
      },
    },
    wrapper: createWrapper({ suite: nodeSuite, now: () => 0 }),
    unread: { count: () => read("unread", { unread: 0, mentions: 0 }) },
    askHomes: async () => new Map(),
    now: () => 0,
    rpcTimeoutMs: 1000,
  };
  return { deps, reads };
}

/** What is read, in order, to answer an account of this site. */
async function readsFor(
  account: string,
  current: number,
  of: { home?: string; version?: number } = {},
): Promise<readonly string[]> {
  const { deps, reads } = setUp(current, of.home);
  const { wrapper } = deps;
  const endpoint = getKeyEndpoint({ findKey: createFindKeyForMember(deps), wrapper });
  if (endpoint.kind !== "user") throw new Error("clients ask for keys");
  const asked = endpoint.handle({
    tokens: { homeSite: HOME, account, roomId, siteId: HOME },
    body: of.version === undefined ? {} : { version: of.version },
    caller: entryOf(account, HOME),
    actor: { account, kind: "person" },
    requestId: "id",
    trace,
    elapsedMs: () => 0,
  });
  if (state.members.has(account)) expect(await asked).toMatchObject({ version: current });
  else await expect(asked).rejects.toMatchObject({ reason: "not_room_member" });
  return reads;
}

/** The same for a peer that asks for itself, or for one of its accounts. */
async function readsForPeer(body: { account?: string }, current: number): Promise<readonly string[]> {
  const { deps, reads } = setUp(current);
  const endpoint = getRoomKeyEndpoint(deps);
  if (endpoint.kind !== "server") throw new Error("peers ask for room keys");
  const tokens = { siteId: HOME, fromSite: "site-b" };
  const asked = { tokens, body: { roomId, ...body }, fromSite: "site-b", requestId: "id", trace };
  expect(await endpoint.handle({ ...asked, elapsedMs: () => 0 })).toMatchObject({ version: current });
  return reads;
}

describe("to hand out a key of a room homed here", () => {
  // R104
  test("the log is read only for a version above the projection", async () => {
    expect(await readsFor("ann", 0)).not.toContain("log");
    expect(await readsForPeer({}, 0)).not.toContain("log");
    expect(await readsForPeer({ account: "bob" }, 0)).not.toContain("log");
    expect(await readsFor("ann", 1)).toContain("log");
    expect(await readsForPeer({}, 1)).toContain("log");
    expect(await readsForPeer({ account: "bob" }, 1)).toContain("log");
  });

  // R117
  test("no log is read for an outsider", async () => {
    expect(await readsFor("out", 1)).not.toContain("log");
  });

  // R104
  test("the room is read before the rows, which then know what it knows, and the log last", async () => {
    expect(await readsFor("ann", 1)).toEqual(["room", "key", "row", "devices", "log"]);
    expect(await readsForPeer({ account: "bob" }, 1)).toEqual(["room", "key", "rows", "row", "log"]);
  });
});

// K8
test("a replica asks for devices once more when the home has answered: one that was revoked meanwhile gets nothing", async () => {
  const reads = await readsFor("ann", 1, { home: "site-b", version: 1 });
  expect(reads).toEqual(["room", "row", "devices", "home", "devices"]);
});

test("a list of rooms reads the keys before memberships and devices, and these once for all rooms", async () => {
  const { deps, reads } = setUp(0);
  const endpoint = listRoomsEndpoint(deps);
  if (endpoint.kind !== "user") throw new Error("clients list rooms");
  const reply = await endpoint.handle({
    tokens: { homeSite: HOME, account: "ann", siteId: HOME },
    body: { keys: true, limit: 50 },
    caller: entryOf("ann", HOME),
    actor: { account: "ann", kind: "person" },
    requestId: "id",
    trace,
    elapsedMs: () => 0,
  });
  expect(reply).toMatchObject({ rooms: [{ key: { version: 0 } }] });
  expect(reads).toEqual(["rows", "room", "key", "row", "devices"]);
});
