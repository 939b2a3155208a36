import { keyStatus, reportInvalidKey } from "@parley/contract/devices";
import { base62 } from "@parley/contract/ids";
import { createRoom, getKey, listRooms } from "@parley/contract/room-requests";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { rosterDigestOf } from "@parley/room/roster-hash";
import { describe, expect } from "vitest";

import { enrol } from "./test-device.ts";
import { SILENT_SITE, test as base, type TwoSites } from "./two-sites.ts";

/** A channel of ann's at alpha, applied there. */
async function channel({ alphaClients }: TwoSites, users: string[]): Promise<string> {
  const reply = await alphaClients.ask("ann", createRoom, { body: { name: "Plans", users } });
  await alphaClients.result(reply.requestId);
  return reply.roomId;
}

const test = base.extend("phone", { scope: "file" }, ({ sites }) => enrol(sites.beta, "cat"));

describe("a replica", () => {
  // K8
  test("wraps what it holds for a device of its own accounts", async ({ sites, phone }) => {
    const { alpha, betaClients, keys } = sites;
    const roomId = await channel(sites, ["cat"]);
    const state = await sites.replicate(roomId);
    const pair = nodeSuite.generatePair();
    await keys.setWithVersion({ roomId, version: 0, pair, revision: state.revision });
    const body = { deviceId: phone.deviceId };
    const handed = await betaClients.ask("cat", getKey, { tokens: { roomId }, body });
    expect(handed).toEqual({
      roomId,
      siteId: alpha.siteId,
      version: 0,
      wrapped: expect.anything(),
      rosterDigest: rosterDigestOf(state),
      revision: state.revision,
    });
    expect(phone.open(roomId, handed)).toBe(toBase64(pair.privateKey));
    const listed = await betaClients.ask("cat", listRooms, { body: { keys: true, ...body } });
    const row = listed.rooms.find(({ room }) => room.roomId === roomId);
    if (!row?.key) throw new Error("the room came without its key");
    expect(phone.open(roomId, row.key)).toBe(toBase64(pair.privateKey));
    const refused = { reason: "device_not_enrolled" };
    expect(await betaClients.ask("cat", getKey, { tokens: { roomId } })).toMatchObject(refused);
    expect(await betaClients.ask("cat", listRooms, { body: { keys: true } })).toMatchObject(refused);
  });

  test("wraps what it reads through at home, for the roster it projects", async ({ sites, phone }) => {
    const { alphaClients, betaClients, keys } = sites;
    const roomId = await channel(sites, ["cat", "amy"]);
    const { revision } = await sites.replicate(roomId);
    await sites.remove(roomId, "amy");
    const atHome = await alphaClients.ask("ann", getKey, { tokens: { roomId } });
    const ask = (body: object) => betaClients.ask("cat", getKey, { tokens: { roomId }, body });
    const handed = await ask({ version: 1, deviceId: phone.deviceId });
    expect(handed).toMatchObject({ version: 1, revision });
    expect(handed).not.toHaveProperty("privateKey");
    expect(phone.open(roomId, handed)).toBe(atHome.privateKey);
    expect(await ask({ version: 1 })).toMatchObject({ reason: "device_not_enrolled" });
    expect(await keys.getVersion(roomId)).toBeNull();
  });

  test("needs no home to judge a device or to wrap what it holds", async ({ sites, phone }) => {
    const { betaClients, keys } = sites;
    const like = await sites.replicate(await channel(sites, ["cat"]));
    const roomId = base62(`silent ${like.roomId}`, like.roomId.length);
    const { revision } = await sites.hold({ ...like, roomId, siteId: SILENT_SITE });
    const ask = (body: object) => betaClients.ask("cat", getKey, { tokens: { roomId }, body });
    const { deviceId } = phone;
    expect(await ask({})).toMatchObject({ reason: "device_not_enrolled" });
    expect(await ask({ deviceId })).toMatchObject({ reason: "home_site_unreachable" });
    const pair = nodeSuite.generatePair();
    await keys.setWithVersion({ roomId, version: 0, pair, revision });
    expect(phone.open(roomId, await ask({ deviceId }))).toBe(toBase64(pair.privateKey));
    const report = { tokens: { roomId }, body: { version: 0, deviceId } };
    const fresh = await betaClients.ask("cat", reportInvalidKey, report);
    expect(phone.open(roomId, fresh)).toBe(toBase64(pair.privateKey));
  });

  test("hands a reporting device what only the home has", async ({ sites, phone }) => {
    const { alphaClients, betaClients } = sites;
    const roomId = await channel(sites, ["cat"]);
    await sites.replicate(roomId);
    const atHome = await alphaClients.ask("ann", getKey, { tokens: { roomId } });
    const body = { version: 0, deviceId: phone.deviceId };
    const fresh = await betaClients.ask("cat", reportInvalidKey, { tokens: { roomId }, body });
    expect(phone.open(roomId, fresh)).toBe(atHome.privateKey);
  });

  test("leaves key.status to the home", async ({ sites }) => {
    const { alpha, betaClients } = sites;
    const roomId = await channel(sites, ["cat"]);
    await sites.replicate(roomId);
    expect(await betaClients.ask("cat", keyStatus, { tokens: { roomId } })).toMatchObject({
      reason: "wrong_site",
      metadata: { siteId: alpha.siteId },
    });
    expect(await betaClients.ask("dan", keyStatus, { tokens: { roomId } })).toMatchObject({
      reason: "not_room_member",
    });
  });
});
