import { base62 } from "@parley/contract/ids";
import { addMembers, createRoom, getKey, listRooms } from "@parley/contract/room-requests";
import { getRoomKey } from "@parley/contract/server-requests";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { toBase64 } from "@parley/room-crypto/base64";
import { rosterDigestOf } from "@parley/room/roster-hash";
import { describe, expect } from "vitest";

import { noteProjection } from "./note-projection.ts";
import { SILENT_SITE, askAs, test, type TwoSites } from "./two-sites.ts";

/** A channel of ann's at alpha, applied there. */
async function channel({ alphaClients }: TwoSites, users: string[]): Promise<string> {
  const reply = await alphaClients.ask("ann", createRoom, { body: { name: "Plans", users } });
  await alphaClients.result(reply.requestId);
  return reply.roomId;
}

/** The key that the home gives ann. */
const atHome = async ({ alphaClients }: TwoSites, roomId: string, version?: number): Promise<string> => {
  const body = version === undefined ? {} : { version };
  return (await alphaClients.ask("ann", getKey, { tokens: { roomId }, body })).privateKey ?? "";
};

/** Puts a pair of the test's own into beta's store, so that what comes from there can be told. */
async function holdKey({ keys }: TwoSites, roomId: string, of: { version: number; revision: number }) {
  const pair = nodeSuite.generatePair();
  expect(await keys.setWithVersion({ roomId, pair, ...of })).toBe("set");
  return toBase64(pair.privateKey);
}

const refusedWith = (reason: string, metadata?: object) =>
  expect.objectContaining({ reason, ...(metadata && { metadata }) }) as unknown;

describe("a site that asks for a key of a room", () => {
  // R64
  test("gets exactly the version it names, for itself or one of its members", async ({ sites }) => {
    const { alpha, beta } = sites;
    const roomId = await channel(sites, ["bob", "cat", "amy"]);
    const first = await atHome(sites, roomId);
    await sites.remove(roomId, "amy");
    const ask = (body: object) => askAs(beta, getRoomKey, { to: alpha, body: { roomId, ...body } });
    expect(await ask({ version: 0 })).toMatchObject({ roomId, version: 0, privateKey: first });
    expect(await ask({})).toMatchObject({ version: 1, privateKey: await atHome(sites, roomId, 1) });
    expect(await ask({ version: 1, account: "bob" })).toMatchObject({ version: 1 });
    const absent = refusedWith("room_key_absent", { currentVersion: 1 });
    await expect(ask({ version: 7 })).rejects.toEqual(absent);
  });

  // R120
  test("asks for its own accounts, and each for what it may have", async ({ sites }) => {
    const { alpha, beta, alphaClients } = sites;
    const roomId = await channel(sites, ["bob", "amy"]);
    await sites.remove(roomId, "amy");
    const added = await alphaClients.ask("ann", addMembers, { tokens: { roomId }, body: { users: ["dan"] } });
    await alphaClients.result(added.requestId);
    const ask = (account: string, version: number) =>
      askAs(beta, getRoomKey, { to: alpha, body: { roomId, account, version } });
    await expect(ask("ann", 1)).rejects.toEqual(refusedWith("unknown_account"));
    await expect(ask("cat", 1)).rejects.toEqual(refusedWith("not_room_member"));
    await expect(ask("dan", 0)).rejects.toEqual(refusedWith("key_version_not_allowed", { keyFrom: 1 }));
    expect(await ask("dan", 1)).toMatchObject({ version: 1 });
  });

  // R62
  test("gets nothing from before its first member joined, though it is still held", async ({ sites }) => {
    const { alpha, beta, alphaClients } = sites;
    const roomId = await channel(sites, ["amy"]);
    await sites.remove(roomId, "amy");
    const body = { users: ["dan"] };
    const added = await alphaClients.ask("ann", addMembers, { tokens: { roomId }, body });
    await alphaClients.result(added.requestId);
    const ask = (version: number) => askAs(beta, getRoomKey, { to: alpha, body: { roomId, version } });
    expect(await ask(1)).toMatchObject({ version: 1 });
    await expect(ask(0)).rejects.toMatchObject({ reason: "key_version_not_allowed" });
    expect(await atHome(sites, roomId, 0)).not.toBe("");
  });

  // R120
  test("gets nothing of a room it has no part in, or none any more", async ({ sites }) => {
    const { alpha, beta } = sites;
    const ask = (roomId: string, account?: string) =>
      askAs(beta, getRoomKey, { to: alpha, body: { roomId, ...(account !== undefined && { account }) } });
    const refused = refusedWith("site_not_participating");
    await expect(ask("0".repeat(17))).rejects.toEqual(refused);
    const own = await channel(sites, ["amy"]);
    await expect(ask(own)).rejects.toEqual(refused);
    await expect(ask(own, "bob")).rejects.toEqual(refused);
    const left = await channel(sites, ["bob"]);
    expect(await ask(left)).toMatchObject({ version: 0 });
    await sites.remove(left, "bob");
    await expect(ask(left)).rejects.toEqual(refused);
  });
});

describe("a site that asks where an older projection was put back", () => {
  // R104
  test("gets a key above it for whom the log has as a member", async ({ sites }) => {
    const { alpha, beta } = sites;
    const roomId = await channel(sites, ["bob", "cat"]);
    const putBack = await noteProjection(alpha, roomId);
    await sites.remove(roomId, "bob");
    await putBack();
    const ask = (body: object) => askAs(beta, getRoomKey, { to: alpha, body: { roomId, ...body } });
    for (const version of [{}, { version: 1 }]) {
      await expect(ask({ account: "bob", ...version })).rejects.toEqual(refusedWith("not_room_member"));
      expect(await ask({ account: "cat", ...version })).toMatchObject({ version: 1 });
      expect(await ask(version)).toMatchObject({ version: 1 });
    }
  });

  // R104
  test("gets none above it when the log has none of its accounts any more", async ({ sites }) => {
    const { alpha, beta } = sites;
    const roomId = await channel(sites, ["bob"]);
    const putBack = await noteProjection(alpha, roomId);
    await sites.remove(roomId, "bob");
    await putBack();
    const ask = (body: object) => askAs(beta, getRoomKey, { to: alpha, body: { roomId, ...body } });
    for (const version of [{}, { version: 1 }])
      await expect(ask(version)).rejects.toEqual(refusedWith("site_not_participating"));
    expect(await ask({ version: 0 })).toMatchObject({ version: 0 });
  });
});

describe("key.get at a replica", () => {
  // R60
  test("serves what the site holds without asking the home", async ({ sites }) => {
    const { alpha, betaClients } = sites;
    const roomId = await channel(sites, ["bob"]);
    const state = await sites.replicate(roomId);
    const { revision } = state;
    const own = await holdKey(sites, roomId, { version: 0, revision });
    for (const body of [{}, { version: 0 }])
      expect(await betaClients.ask("bob", getKey, { tokens: { roomId }, body })).toEqual({
        roomId,
        siteId: alpha.siteId,
        version: 0,
        privateKey: own,
        rosterDigest: rosterDigestOf(state),
        revision,
      });
  });

  // R108
  test("reads through what the site does not hold, and keeps nothing of it", async ({ sites }) => {
    const { betaClients, keys } = sites;
    const roomId = await channel(sites, ["bob"]);
    await sites.replicate(roomId);
    const home = await atHome(sites, roomId);
    for (const body of [{}, { version: 0 }])
      expect(await betaClients.ask("bob", getKey, { tokens: { roomId }, body })).toMatchObject({
        version: 0,
        privateKey: home,
      });
    expect(await keys.getVersion(roomId)).toBeNull();
    expect(await betaClients.ask("bob", getKey, { tokens: { roomId }, body: { version: 4 } })).toMatchObject({
      reason: "room_key_absent",
      metadata: { currentVersion: 0 },
    });
  });

  // R61
  test("that lags gives the new version to a survivor and not to who was removed", async ({ sites }) => {
    const { betaClients, keys } = sites;
    const roomId = await channel(sites, ["bob", "cat"]);
    const { revision } = await sites.replicate(roomId);
    const first = await holdKey(sites, roomId, { version: 0, revision });
    await sites.remove(roomId, "bob");
    // As if the copy had come although the roster has not: above what is projected it is not served.
    await holdKey(sites, roomId, { version: 1, revision: revision + 1 });
    const ask = (account: string, version?: number) =>
      betaClients.ask(account, getKey, {
        tokens: { roomId },
        body: version === undefined ? {} : { version },
      });
    expect(await ask("cat", 1)).toMatchObject({ version: 1, privateKey: await atHome(sites, roomId, 1) });
    expect(await ask("bob", 1)).toMatchObject({ reason: "not_room_member" });
    expect(await ask("bob")).toMatchObject({ version: 0, privateKey: first });
    await sites.replicate(roomId);
    expect(await ask("bob")).toMatchObject({ reason: "not_room_member" });
    expect(await ask("cat")).toMatchObject({ version: 1 });
    expect((await keys.getVersion(roomId)) ?? -1).toBe(1);
  });

  test("says not_room_member once the site's last member is gone at home", async ({ sites }) => {
    const roomId = await channel(sites, ["bob"]);
    await sites.replicate(roomId);
    await sites.remove(roomId, "bob");
    expect(
      await sites.betaClients.ask("bob", getKey, { tokens: { roomId }, body: { version: 1 } }),
    ).toMatchObject({ reason: "not_room_member" });
  });

  // R63, R86
  test("says that the home is unreachable when only the home has the key", async ({ sites }) => {
    const { betaClients } = sites;
    const like = await sites.replicate(await channel(sites, ["bob"]));
    const roomId = base62(`silent ${like.roomId}`, 17);
    const state = await sites.hold({ ...like, roomId, siteId: SILENT_SITE });
    const ask = () => betaClients.ask("bob", getKey, { tokens: { roomId }, body: {} });
    expect(await ask()).toMatchObject({
      reason: "home_site_unreachable",
      metadata: { siteId: SILENT_SITE },
    });
    const own = await holdKey(sites, roomId, { version: 0, revision: state.revision });
    expect(await ask()).toMatchObject({ version: 0, privateKey: own });
  });
});

describe("room.list at a replica", () => {
  test("gives keys up to the version that is projected", async ({ sites }) => {
    const { alpha, betaClients } = sites;
    const roomId = await channel(sites, ["dan"]);
    const { revision } = await sites.replicate(roomId);
    const own = await holdKey(sites, roomId, { version: 0, revision });
    const row = async () =>
      (await betaClients.ask("dan", listRooms, { body: { keys: true } })).rooms.find(
        ({ room }) => room.roomId === roomId,
      );
    expect(await row()).toMatchObject({
      stale: false,
      room: { siteId: alpha.siteId, name: "Plans", memberCount: 2, revision },
      key: { version: 0, privateKey: own },
    });
    await holdKey(sites, roomId, { version: 1, revision: revision + 1 });
    expect(await row()).not.toHaveProperty("key");
  });
});
