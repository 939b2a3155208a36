import {
  deviceEntry,
  DEVICES_PER_ACCOUNT,
  listDevices,
  registerDevice,
  revokeDevice,
} from "@parley/contract/devices";
import { HEADERS } from "@parley/contract/headers";
import { createRoom } from "@parley/contract/room-requests";
import { ensureKey } from "@parley/contract/server-requests";
import { streamName } from "@parley/contract/streams";
import { mongoDeviceStore, mongoDeviceUpkeep } from "@parley/mongo/device-store.mongo";
import { markRoomsDue } from "@parley/mongo/mark-rooms-due";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { describe, expect } from "vitest";

import { createCompleteDeviceChange } from "../src/complete-device-change.ts";
import { startDeviceUpkeep } from "../src/device-upkeep.ts";
import { askAs, eventsOf, SILENT_SITE, test, type TwoSites } from "./two-sites.ts";

const newKey = (): string => toBase64(nodeSuite.generatePair().publicKey);
let devices = 0;
const newDeviceId = (): string => String((devices += 1)).padStart(20, "D");

const register = (
  { alphaClients }: TwoSites,
  account: string,
  body: { deviceId?: string; publicKey?: string; name?: string } = {},
) =>
  alphaClients.ask(account, registerDevice, {
    body: { deviceId: newDeviceId(), publicKey: newKey(), ...body },
  });
const revoke = ({ alphaClients }: TwoSites, account: string, deviceId: string) =>
  alphaClients.ask(account, revokeDevice, { body: { deviceId } });
const refusal = (request: Promise<unknown>): Promise<unknown> =>
  request.then((reply) => (reply as { reason?: unknown }).reason);

/** What alpha's OUTBOX holds of an account's devices for a peer, oldest first. */
async function sentOf({ alpha }: TwoSites, account: string, dest: string) {
  const stream = streamName("OUTBOX", alpha.siteId);
  const { state } = await alpha.broker.manager.streams.info(stream);
  const found: { messageId: string | undefined; body: Record<string, unknown> }[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const message = await alpha.broker.manager.direct.getMessage(stream, { seq });
    if (message?.subject !== `outbox.${alpha.siteId}.${dest}.-.device_state`) continue;
    const body = message.json<Record<string, unknown>>();
    if (body["account"] === account) found.push({ messageId: message.header.get(HEADERS.messageId), body });
  }
  return found;
}

async function channel({ alphaClients }: TwoSites, account: string): Promise<string> {
  const { requestId, roomId } = await alphaClients.ask(account, createRoom, {
    body: { name: "Plans", users: ["bob"] },
  });
  await alphaClients.result(requestId);
  return roomId;
}
const roomOf = ({ alpha }: TwoSites, roomId: string) => mongoRoomDocumentStore(alpha.database).find(roomId);

describe("a device", () => {
  test("is listed once it is registered, and every peer is told without its name", async ({ sites }) => {
    const { alpha, beta, alphaClients } = sites;
    const [first, second] = [newDeviceId(), newDeviceId()];
    const publicKey = newKey();
    const reply = await register(sites, "ann", { deviceId: first, publicKey, name: "Phone 📱" });
    expect(reply).toMatchObject({ status: "ok" });
    await register(sites, "ann", { deviceId: second });
    const listed = await alphaClients.ask("ann", listDevices, { body: {} });
    const { registeredAt } = reply;
    expect(listed.devices).toEqual([
      { deviceId: first, publicKey, name: "Phone 📱", registeredAt },
      { deviceId: second, publicKey: expect.any(String), registeredAt: expect.any(Number) },
    ]);
    for (const peer of [beta.siteId, SILENT_SITE]) {
      const [one, both, ...more] = await sentOf(sites, "ann", peer);
      expect(more).toEqual([]);
      expect(one).toEqual({
        messageId: `device:ann:1:${peer}`,
        body: {
          account: "ann",
          siteId: alpha.siteId,
          revision: 1,
          devices: [{ deviceId: first, publicKey, registeredAt }],
        },
      });
      expect(both?.body["devices"]).toEqual(listed.devices.map((device) => deviceEntry.parse(device)));
    }
    expect((await alphaClients.ask("amy", listDevices, { body: {} })).devices).toEqual([]);
  });

  // K7
  test("is refused with a key that is no point, under an id of before, beyond the limit and elsewhere", async ({
    sites,
  }) => {
    const deviceId = newDeviceId();
    const noPoint = toBase64(new Uint8Array(65).fill(4));
    expect(await register(sites, "amy", { publicKey: noPoint })).toMatchObject({
      reason: "invalid_request",
      metadata: { issues: [{ path: "publicKey" }] },
    });
    expect(await refusal(revoke(sites, "amy", deviceId))).toBe("device_not_found");
    await register(sites, "amy", { deviceId });
    expect(await refusal(register(sites, "amy", { deviceId }))).toBe("device_id_reused");
    await revoke(sites, "amy", deviceId);
    expect(await refusal(register(sites, "amy", { deviceId }))).toBe("device_id_reused");
    for (let count = 0; count < DEVICES_PER_ACCOUNT; count += 1) await register(sites, "amy");
    expect(await refusal(register(sites, "amy"))).toBe("device_limit_reached");
    const { alphaClients, beta } = sites;
    const elsewhere = { tokens: { siteId: beta.siteId }, body: {} };
    expect(await alphaClients.ask("amy", listDevices, elsewhere)).toMatchObject({ reason: "wrong_site" });
  });
});

describe("a change of devices that got no further than the store", () => {
  /** As a request leaves it that a crash cut short. */
  const cutShort = (sites: TwoSites, account: string, device: { deviceId: string; publicKey: string }) =>
    mongoDeviceStore(sites.alpha.database).register({
      account,
      siteId: sites.alpha.siteId,
      device,
      at: 5,
    });

  // K7
  test("is told to the peers by its repeat", async ({ sites }) => {
    const device = { deviceId: newDeviceId(), publicKey: newKey() };
    const account = "ann";
    const before = (await sentOf(sites, account, SILENT_SITE)).length;
    await cutShort(sites, account, device);
    expect(await register(sites, account, device)).toEqual({ status: "unchanged", registeredAt: 5 });
    const sent = await sentOf(sites, account, SILENT_SITE);
    expect(sent).toHaveLength(before + 1);
    expect(sent.at(-1)?.body["devices"]).toContainEqual({ ...device, registeredAt: 5 });
  });

  // K7
  test("is completed without a repeat, and a peer that comes later is told", async ({ sites }) => {
    const { siteId, broker, database, log } = { ...sites.alpha, log: { warn: () => {} } };
    const account = `anew-${siteId}`;
    const roomsDue: { account: string; at: number }[] = [];
    const deviceId = newDeviceId();
    await cutShort(sites, account, { deviceId, publicKey: newKey() });
    await mongoDeviceStore(database).revoke({ account, deviceId, at: 9 });
    const upkeep = mongoDeviceUpkeep(database);
    const look = async (peers: readonly string[]) => {
      const complete = createCompleteDeviceChange({
        broker,
        siteId,
        peers,
        upkeep,
        now: () => 11,
        markDue: async (of) => {
          if (of.account === account) roomsDue.push(of);
          await markRoomsDue(database, { ...of, siteId });
        },
      });
      const quiet = { ...log, info: () => {}, error: () => {}, debug: () => {} };
      await using _upkeep = startDeviceUpkeep({ siteId, peers, upkeep, complete, log: quiet });
      const dest = peers.at(-1) ?? "";
      await expect.poll(async () => (await sentOf(sites, account, dest)).length).toBe(1);
      await expect.poll(async () => upkeep.unfinished({ siteId, peers, limit: 1 })).toEqual([]);
    };
    await look([SILENT_SITE]);
    expect(roomsDue).toEqual([{ account, at: 11 }]);
    await look([SILENT_SITE, "site-later"]);
    expect(roomsDue).toHaveLength(1);
    expect((await sentOf(sites, account, "site-later"))[0]?.body).toEqual({
      account,
      siteId,
      revision: 2,
      devices: [],
      revokedAt: 9,
    });
  });
});

describe("a revoked device", () => {
  const due = (sites: TwoSites, roomId: string, version: number) =>
    askAs(sites.alpha, ensureKey, { to: sites.alpha, body: { roomId, version, due: true } });

  // R124
  test("makes the rooms homed here due for another key, which then changes once in ten minutes", async ({
    sites,
  }) => {
    const [deviceId, other] = [newDeviceId(), newDeviceId()];
    await register(sites, "ann", { deviceId });
    await register(sites, "ann", { deviceId: other });
    const [roomId, others] = [await channel(sites, "ann"), await channel(sites, "amy")];
    const { revokedAt } = await revoke(sites, "ann", deviceId);
    expect(await revoke(sites, "ann", deviceId)).toEqual({ status: "unchanged", revokedAt });
    const marked = await roomOf(sites, roomId);
    expect(marked?.rekeyDue?.at).toBeGreaterThanOrEqual(revokedAt);
    expect(marked?.keyVersion).toBe(0);
    expect(await roomOf(sites, others)).not.toHaveProperty("rekeyDue");

    const answers = await Promise.all([0, 1, 2].map(() => due(sites, roomId, 0)));
    expect(answers.map(({ version }) => version)).toEqual([1, 1, 1]);
    await expect.poll(async () => (await roomOf(sites, roomId))?.keyVersion).toBe(1);
    const rotated = await roomOf(sites, roomId);
    expect(rotated).not.toHaveProperty("rekeyDue");
    expect(await due(sites, roomId, 0)).toEqual({ roomId, version: 1, status: "ok" });

    await revoke(sites, "ann", other);
    expect(await roomOf(sites, roomId)).toHaveProperty("rekeyDue");
    expect(await due(sites, roomId, 1)).toEqual({ roomId, version: 1, status: "ok" });
    const events = await eventsOf(sites.alpha, roomId);
    expect(events.map(({ type }) => type)).toEqual(["room_created", "key_rotated"]);
    expect(events.at(-1)).toMatchObject({ data: { reason: "due" }, at: rotated?.dueRotatedAt });
  });

  test("has no site ask another for it", async ({ sites }) => {
    const roomId = await channel(sites, "ann");
    const asked = askAs(sites.beta, ensureKey, { to: sites.alpha, body: { roomId, version: 0, due: true } });
    await expect(asked).rejects.toMatchObject({ reason: "site_not_participating" });
  });
});
