import { randomUUID } from "node:crypto";

import { explainKey, UNOPENED_REASONS, type UnopenedReason } from "@parley/contract/devices";
import { base62 } from "@parley/contract/ids";
import { addMembers, createRoom } from "@parley/contract/room-requests";
import { roomKeyNames } from "@parley/valkey/keys";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import type { TestSite } from "@parley/site/test/test-site";
import { describe, expect, inject } from "vitest";

import { noteProjection } from "./note-projection.ts";
import { enrol } from "./test-device.ts";
import { SILENT_SITE, test as base, type TwoSites } from "./two-sites.ts";

/** What only a client finds out. */
const CLIENT_ONLY: readonly UnopenedReason[] = ["corrupt", "unknown"];
const provoked = new Set<string>();

/** Removals that push a version out of its grace. */
const ROTATIONS = ["amy", "cat"];

const MESSAGE_ID_LENGTH = 20;

/** What message-service stores of a message, as far as the rules look at it. */
interface StoredMessage {
  readonly _id: string;
  readonly roomId: string;
  readonly messageId: string;
  readonly createdAt: number;
  readonly sender: { readonly account: string; readonly kind: string; readonly name: string };
}

/** Stores a message of ann's at a room's home. */
async function say({ database }: TestSite, roomId: string): Promise<string> {
  const messageId = base62(randomUUID(), MESSAGE_ID_LENGTH);
  await database.collection<StoredMessage>("messages").insertOne({
    _id: `${roomId}:${messageId}`,
    roomId,
    messageId,
    createdAt: Date.now(),
    sender: { account: "ann", kind: "person", name: "Ann" },
  });
  return messageId;
}

/** What alpha's clients do to rooms of ann's. */
function actionsOf(sites: TwoSites) {
  const { alphaClients } = sites;
  return {
    channel: async (users: string[]): Promise<string> => {
      const reply = await alphaClients.ask("ann", createRoom, { body: { name: "Plans", users } });
      await alphaClients.result(reply.requestId);
      return reply.roomId;
    },
    add: async (roomId: string, user: string): Promise<void> => {
      const asked = { tokens: { roomId }, body: { users: [user] } };
      await alphaClients.result((await alphaClients.ask("ann", addMembers, asked)).requestId);
    },
    remove: (roomId: string, account: string) => sites.remove(roomId, account),
  };
}

const test = base
  .extend("actions", { scope: "file" }, ({ sites }) => actionsOf(sites))
  .extend(
    "explain",
    { scope: "file" },
    ({ sites }) =>
      async (account: string, roomId: string, body: object = {}) => {
        const reply = await sites.alphaClients.ask(account, explainKey, { tokens: { roomId }, body });
        if (reply.error === undefined && reply.reason) provoked.add(reply.reason);
        return reply;
      },
  )
  .extend(
    "explainAtBeta",
    { scope: "file" },
    ({ sites }) =>
      async (account: string, roomId: string, body: object = {}) => {
        const reply = await sites.betaClients.ask(account, explainKey, { tokens: { roomId }, body });
        if (reply.error === undefined && reply.reason) provoked.add(reply.reason);
        return reply;
      },
  );

/** The home's store has lost every key of the room. */
async function forgetKeys(roomId: string): Promise<void> {
  const faults: Error[] = [];
  const client = await connectValkey({
    addresses: [inject("valkeyAddress")],
    onError: (error) => faults.push(error),
  });
  const { current, previous, pending } = roomKeyNames(roomId);
  await client.del(current, previous, pending);
  await closeValkey(client);
}

describe("key.explain at a room's home", () => {
  test("has no reason for a key that is there", async ({ actions, explain }) => {
    const roomId = await actions.channel(["amy"]);
    for (const body of [{}, { version: 0 }])
      expect(await explain("amy", roomId, body)).toEqual({ roomId, keyFrom: 0, currentVersion: 0 });
  });

  test("says before_you_joined of a version below the member's, and of a message before its history", async ({
    sites,
    actions,
    explain,
  }) => {
    const roomId = await actions.channel(["bob"]);
    const before = await say(sites.alpha, roomId);
    await actions.remove(roomId, "bob");
    await actions.add(roomId, "amy");
    const after = await say(sites.alpha, roomId);
    const joined = { roomId, keyFrom: 1, currentVersion: 1 };
    const reason = "before_you_joined";
    expect(await explain("amy", roomId, { version: 0 })).toEqual({ ...joined, reason });
    expect(await explain("amy", roomId, { messageId: before })).toEqual({ ...joined, reason });
    // The message decides, whatever version is said with it.
    expect(await explain("amy", roomId, { messageId: before, version: 1 })).toEqual({ ...joined, reason });
    expect(await explain("amy", roomId, { messageId: after, version: 1 })).toEqual(joined);
    expect(await explain("ann", roomId, { messageId: before })).toEqual({ ...joined, keyFrom: 0 });
  });

  test("says after_you_left to who was a member, and to others what they read everywhere", async ({
    actions,
    explain,
  }) => {
    const roomId = await actions.channel(["amy"]);
    await actions.remove(roomId, "amy");
    for (const body of [{}, { version: 0 }])
      expect(await explain("amy", roomId, body)).toEqual({ roomId, reason: "after_you_left" });
    const own = await actions.channel([]);
    expect(await explain("amy", own)).toMatchObject({ reason: "not_room_member", code: "forbidden" });
    expect(await explain("amy", "0000000000000None")).toMatchObject({
      reason: "not_room_member",
      code: "forbidden",
    });
  });

  // R104
  test("says after_you_left by the log where an older projection was put back", async ({
    sites,
    actions,
    explain,
  }) => {
    const roomId = await actions.channel(["amy"]);
    const putBack = await noteProjection(sites.alpha, roomId);
    await actions.remove(roomId, "amy");
    await putBack();
    expect(await explain("amy", roomId, { version: 1 })).toEqual({ roomId, reason: "after_you_left" });
  });

  test("says device_not_enrolled before it looks for the key", async ({ sites, actions, explain }) => {
    await sites.alpha.know({ account: "phoner" });
    const roomId = await actions.channel(["phoner"]);
    const { deviceId } = await enrol(sites.alpha, "phoner");
    const refused = { reason: "device_not_enrolled", keyFrom: 0, currentVersion: 0 };
    for (const body of [{}, { version: 9 }, { deviceId: "0".repeat(20) }])
      expect(await explain("phoner", roomId, body)).toEqual({ roomId, ...refused });
    expect(await explain("phoner", roomId, { deviceId })).not.toHaveProperty("reason");
  });

  test("says version_expired of a version past its grace, key_pending of one that is still to come", async ({
    actions,
    explain,
  }) => {
    const roomId = await actions.channel(ROTATIONS);
    for (const account of ROTATIONS) await actions.remove(roomId, account);
    const at = { roomId, keyFrom: 0, currentVersion: 2 };
    expect(await explain("ann", roomId, { version: 0 })).toEqual({ ...at, reason: "version_expired" });
    expect(await explain("ann", roomId, { version: 1 })).toEqual(at);
    expect(await explain("ann", roomId, { version: 3 })).toEqual({ ...at, reason: "key_pending" });
  });

  test("says key_pending while the store has lost the key", async ({ actions, explain }) => {
    const roomId = await actions.channel(["amy"]);
    await forgetKeys(roomId);
    for (const body of [{}, { version: 0 }])
      expect(await explain("amy", roomId, body)).toMatchObject({ reason: "key_pending", currentVersion: 0 });
  });

  test("knows only messages of the room", async ({ sites, actions, explain }) => {
    const [roomId, other] = [await actions.channel(["amy"]), await actions.channel([])];
    const messageId = await say(sites.alpha, other);
    expect(await explain("amy", roomId, { messageId })).toMatchObject({
      code: "not_found",
      reason: "message_not_found",
    });
  });
});

describe("key.explain at a replica", () => {
  test("judges by the version, for it knows no messages", async ({ sites, actions, explainAtBeta }) => {
    const roomId = await actions.channel(["bob", "amy"]);
    await actions.remove(roomId, "amy");
    await actions.add(roomId, "dan");
    const state = await sites.replicate(roomId);
    const messageId = "0".repeat(MESSAGE_ID_LENGTH);
    expect(await explainAtBeta("bob", roomId, { messageId })).toEqual({
      roomId,
      keyFrom: 0,
      currentVersion: 1,
    });
    const dan = { roomId, keyFrom: 1, currentVersion: state.keyVersion };
    expect(await explainAtBeta("dan", roomId, { version: 0 })).toEqual({
      ...dan,
      reason: "before_you_joined",
    });
    expect(await explainAtBeta("bob", roomId, { version: 2 })).toMatchObject({ reason: "key_pending" });
  });

  test("asks the home of a version it does not hold, and says after_you_left when that says so", async ({
    sites,
    actions,
    explainAtBeta,
  }) => {
    const roomId = await actions.channel([...ROTATIONS, "bob"]);
    await sites.replicate(roomId);
    for (const account of ROTATIONS) await actions.remove(roomId, account);
    expect(await explainAtBeta("bob", roomId, { version: 0 })).toMatchObject({ reason: "version_expired" });
    await actions.remove(roomId, "bob");
    expect(await explainAtBeta("bob", roomId, { version: 1 })).toEqual({ roomId, reason: "after_you_left" });
    await sites.replicate(roomId);
    expect(await explainAtBeta("bob", roomId)).toEqual({ roomId, reason: "after_you_left" });
  });

  test("says home_site_unreachable of what it does not hold while the home is away", async ({
    sites,
    actions,
    explainAtBeta,
  }) => {
    const like = await sites.replicate(await actions.channel(["bob"]));
    const roomId = base62(`away ${like.roomId}`, like.roomId.length);
    const { revision } = await sites.hold({ ...like, roomId, siteId: SILENT_SITE });
    const away = { roomId, reason: "home_site_unreachable", keyFrom: 0, currentVersion: 0 };
    expect(await explainAtBeta("bob", roomId)).toEqual(away);
    await sites.keys.setWithVersion({ roomId, version: 0, pair: nodeSuite.generatePair(), revision });
    expect(await explainAtBeta("bob", roomId)).not.toHaveProperty("reason");
    expect(await explainAtBeta("bob", roomId, { version: 1 })).toEqual(away);
  });
});

// The tests above, in this file's order, have asked for each.
// K13
test("every reason of the closed list that a server can give was given, and no other", () => {
  const ofServers = UNOPENED_REASONS.filter((reason) => !CLIENT_ONLY.includes(reason));
  expect([...provoked].toSorted()).toEqual(ofServers.toSorted());
});
