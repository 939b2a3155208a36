import { listDevices, registerDevice, reportInvalidKey, revokeDevice } from "@parley/contract/devices";
import { Failure } from "@parley/contract/failure";
import { listHistory } from "@parley/contract/messages";
import { userSubjects } from "@parley/contract/notices";
import { getKey, listRooms } from "@parley/contract/room-requests";
import { anything, asyncProperty, assert, constantFrom, oneof, record } from "fast-check";
import { describe, expect, inject, onTestFinished, test } from "vitest";

import { acksAt, SOME_ROSTER, takeDevices, tellWraps, wrapped } from "../test/peer-device.ts";
import { keyText } from "../test/peer-row.ts";
import { listing, newKey, openPeerSite, peerRoom } from "../test/peer-site.ts";
import { ACCOUNT, connectAnn, next } from "../test/stage.ts";
import type { KeyStore } from "./key-store.ts";
import { memoryKeyStore } from "./key-store.memory.ts";
import { memoryDeviceStore } from "./device-store.memory.ts";
import type { ParleyOptions } from "./connect.ts";

/** ann on a device, in one channel; its key version 0 came wrapped with the listing. */
async function stage(options: Partial<ParleyOptions> = {}) {
  const site = await openPeerSite(inject("natsUrl"));
  onTestFinished(() => site[Symbol.asyncDispose]());
  const [devices, acks] = [await takeDevices(site), await acksAt(site)];
  const room = peerRoom(site);
  const pair = newKey();
  await listing(site, () =>
    devices.slice(0, 1).map((device) => room.row({ handed: wrapped(room, device, { pair, version: 0 }) })),
  );
  await site.answer(listHistory, () => ({ messages: [] }));
  const store = memoryDeviceStore();
  const connected = await connectAnn(site, { device: { store, name: "Desk" }, ...options });
  const [device] = devices;
  if (device === undefined) throw new Error("no device was registered");
  const tell = (key: ReturnType<typeof wrapped>, deviceId = device.deviceId): void =>
    tellWraps(site, room, { account: ACCOUNT, handed: { [deviceId]: key } });
  return { site, devices, device, acks, room, pair, store, tell, ...connected };
}

describe("a device", () => {
  // K7
  test("is registered before rooms are listed, and is the same in the next run", async () => {
    const { site, device, store, client } = await stage();
    expect(device).toMatchObject({ deviceId: client.deviceId, name: "Desk" });
    expect(site.asked(listRooms)[0]?.body).toMatchObject({ keys: true, deviceId: device.deviceId });
    await client.close();
    const again = await connectAnn(site, { device: { store } });
    expect(again.client.deviceId).toBe(client.deviceId);
    expect(site.asked(registerDevice).map(({ body }) => (body as typeof device).publicKey)).toEqual([
      device.publicKey,
      device.publicKey,
    ]);
  });

  test("that was revoked is refused for good, and no room is listed", async () => {
    const { site, store, client } = await stage();
    await client.close();
    const listed = site.asked(listRooms).length;
    await site.answer(registerDevice, () => {
      throw new Failure("device_id_reused");
    });
    await expect(connectAnn(site, { device: { store } })).rejects.toMatchObject({
      name: "ParleyError",
      code: "conflict",
      reason: "device_id_reused",
    });
    expect(site.asked(listRooms)).toHaveLength(listed);
  });

  test("is listed with the account's others and ends them", async () => {
    const { site, client, device } = await stage();
    const entry = { deviceId: device.deviceId, publicKey: device.publicKey, registeredAt: 1, name: "Desk" };
    await site.answer(listDevices, () => ({ devices: [entry] }));
    await site.answer(revokeDevice, () => ({ status: "ok" as const, revokedAt: 2 }));
    expect(await client.devices()).toEqual([entry]);
    expect(await client.revokeDevice(device.deviceId)).toEqual({ status: "ok", revokedAt: 2 });
    expect(site.asked(revokeDevice)[0]?.body).toEqual({ deviceId: device.deviceId });
  });

  test("is named whenever a key is asked for, and without one nothing is", async () => {
    const { site, room, client, device, pair } = await stage();
    await site.answer(getKey, () => ({ ...room, ...wrapped(room, device, { pair, version: 0 }) }));
    await client.getKey(room, 0);
    await client.listRooms({ keys: true });
    await client.listRooms();
    expect(site.asked(getKey)[0]?.body).toEqual({ version: 0, deviceId: device.deviceId });
    const bodies = site.asked(listRooms).map(({ body }) => (body as { deviceId?: string }).deviceId);
    expect(bodies).toEqual([device.deviceId, device.deviceId, undefined]);
  });
});

describe("keys wrapped for a device", () => {
  test("open messages whether they come with the listing, a notice or an answer", async () => {
    const { site, room, pair, events, device, tell } = await stage();
    const [told, asked] = [newKey(), newKey()];
    await site.answer(getKey, () => ({ ...room, ...wrapped(room, device, { pair: asked, version: 2 }) }));
    tell(wrapped(room, device, { pair: told, version: 1 }));
    const under = [pair, told, asked].map((key, version) => ({ pair: key, version }));
    for (const key of under) {
      const message = room.message(`under v${key.version}`);
      room.say(room.sealed(message, key));
      expect(await next(events, "message")).toMatchObject({ message, via: "live" });
    }
    expect(site.asked(getKey)).toHaveLength(1);
    expect(site.asked(reportInvalidKey)).toEqual([]);
  });

  // R75
  test("of 60 versions come in any order, and every message opens", async () => {
    const { site, room, events, device, tell, acks } = await stage();
    await site.answer(getKey, () => {
      throw new Failure("room_key_absent");
    });
    const keys = Array.from({ length: 60 }, (_, index) => ({ pair: newKey(), version: index + 1 }));
    const messages = keys.map((under) => {
      const message = room.message(`under v${under.version}`);
      room.say(room.sealed(message, under));
      return message;
    });
    for (const key of keys.toSorted((a, b) => a.pair.print.localeCompare(b.pair.print))) {
      tell(wrapped(room, device, key));
    }
    const opened: string[] = [];
    while (opened.length < messages.length) opened.push((await next(events, "message")).message.content);
    expect(opened.toSorted()).toEqual(messages.map(({ content }) => content).toSorted());
    await expect.poll(() => acks.at(-1)).toMatchObject({ version: 60, deviceId: device.deviceId });
  });

  test("are for other devices: what waits is told so, and opens when a key for this one comes", async () => {
    const { site, room, events, device, tell } = await stage();
    const fresh = newKey();
    await site.answer(getKey, () => "silence");
    const message = room.message("not for this one");
    room.say(room.sealed(message, { pair: fresh, version: 1 }));
    await expect.poll(() => site.asked(getKey).length).toBe(1);
    const other = { deviceId: "otherDevice000000000", publicKey: device.publicKey };
    tell(wrapped(room, other, { pair: fresh, version: 1 }), other.deviceId);
    expect(await next(events, "unopened")).toMatchObject({
      id: message.messageId,
      reason: "device_not_enrolled",
    });
    tell(wrapped(room, device, { pair: fresh, version: 1 }));
    expect(await next(events, "message")).toMatchObject({ message });
  });

  // K11
  test("that do not open are asked for anew once, and the fresh wrap opens what waits", async () => {
    const { site, room, events, device, tell, client } = await stage();
    const fresh = newKey();
    await site.answer(getKey, () => ({ ...room, ...wrapped(room, device, { pair: fresh, version: 1 }) }));
    await site.answer(reportInvalidKey, () => ({
      ...room,
      ...wrapped(room, device, { pair: fresh, version: 1 }),
    }));
    const bad = wrapped(room, device, { pair: fresh, version: 1, forged: { version: 7 } });
    tell(bad);
    tell(bad);
    expect(await next(events, "key")).toMatchObject({ version: 1 });
    const message = room.message("after all");
    room.say(room.sealed(message, { pair: fresh, version: 1 }));
    expect(await next(events, "message")).toMatchObject({ message });
    // It is held now: what does not open is no reason to ask.
    tell(bad);
    room.say(room.sealed(room.message("on"), { pair: fresh, version: 1 }));
    await next(events, "message");
    // Whatever was asked before was asked by then.
    await client.getKey(room, 1);
    expect(site.asked(reportInvalidKey).map(({ body }) => body)).toEqual([
      { version: 1, deviceId: device.deviceId },
    ]);
  });

  test.each([
    ["another room", { roomId: "aSq00HrEHIPae2UHp" }],
    ["another version", { version: 9 }],
    ["another device", { deviceId: "otherDevice000000000" }],
    ["another roster", { rosterDigest: "cd".repeat(32) }],
  ])("for %s are corrupt, however they come", async (_of, forged) => {
    const { site, room, events, device, tell, client, problems } = await stage();
    const fresh = newKey();
    const bad = wrapped(room, device, { pair: fresh, version: 1, forged });
    await site.answer(reportInvalidKey, () => ({ ...room, ...bad }));
    await site.answer(getKey, () => ({ ...room, ...bad }));
    tell(bad);
    const event = room.sealed(room.message("forged"), { pair: fresh, version: 1 });
    room.say(event);
    expect(await next(events, "unopened", "message")).toMatchObject({ reason: "corrupt", id: event.id });
    expect(await client.keyPrint(room.roomId, 1)).toBeUndefined();
    expect(site.asked(reportInvalidKey)).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  test("that were asked for and do not open are asked for anew at once", async () => {
    const { site, room, events, device } = await stage();
    const key = { pair: newKey(), version: 1 };
    await site.answer(getKey, () => ({
      ...room,
      ...wrapped(room, device, { ...key, forged: { version: 7 } }),
    }));
    await site.answer(reportInvalidKey, () => ({ ...room, ...wrapped(room, device, key) }));
    const message = room.message("at the second try");
    room.say(room.sealed(message, key));
    expect(await next(events, "message", "unopened")).toMatchObject({ message, via: "live" });
    expect([site.asked(getKey).length, site.asked(reportInvalidKey).length]).toEqual([1, 1]);
  });

  test("and sent readable all the same are not taken but asked for wrapped", async () => {
    const { site, room, events, device } = await stage();
    const fresh = newKey();
    await site.answer(getKey, () => ({ ...room, ...wrapped(room, device, { pair: fresh, version: 1 }) }));
    room.tellKey(ACCOUNT, { pair: newKey(), version: 1 });
    expect(await next(events, "key")).toMatchObject({ version: 1 });
    const message = room.message("wrapped");
    room.say(room.sealed(message, { pair: fresh, version: 1 }));
    expect(await next(events, "message")).toMatchObject({ message });
  });

  test("of a device that was away come with the next listing", async () => {
    const { site, room, device, store, client } = await stage();
    await client.close();
    const fresh = newKey();
    await listing(site, () => [
      room.row({ handed: wrapped(room, device, { pair: fresh, version: 1 }), revision: 2 }),
    ]);
    const message = room.message("while it was away");
    const again = await connectAnn(site, { device: { store } });
    room.say(room.sealed(message, { pair: fresh, version: 1 }));
    expect(await next(again.events, "message")).toMatchObject({ message, via: "live" });
    expect(site.asked(getKey)).toEqual([]);
  });

  // K15
  test("as a notice of any form at all leave the client as it was", async () => {
    const { site, room, events, device, pair } = await stage();
    await site.answer(getKey, () => "silence");
    await site.answer(reportInvalidKey, () => "silence");
    const { wrapped: own } = wrapped(room, device, { pair, version: 5 });
    const wrap = oneof(
      anything(),
      constantFrom<unknown>(own),
      record({
        alg: oneof(constantFrom<unknown>(own?.alg), anything()),
        ephemeralPublicKey: oneof(constantFrom<unknown>(own?.ephemeralPublicKey), anything()),
        nonce: oneof(constantFrom<unknown>(own?.nonce, ""), anything()),
        ciphertext: oneof(constantFrom<unknown>(own?.ciphertext, "AAAA"), anything()),
      }),
    );
    const notice = record({
      roomId: oneof(constantFrom<unknown>(room.roomId), anything()),
      siteId: oneof(constantFrom<unknown>(room.siteId), anything()),
      version: oneof(constantFrom<unknown>(5, 6, -1), anything()),
      privateKey: oneof(constantFrom<unknown>(undefined, keyText(pair)), anything()),
      devices: oneof(
        wrap.map((each) => ({ [device.deviceId]: each })),
        anything(),
      ),
      rosterDigest: oneof(constantFrom<unknown>(SOME_ROSTER, undefined), anything()),
      revision: oneof(constantFrom<unknown>(1), anything()),
      at: oneof(constantFrom<unknown>(1), anything()),
    });
    const subject = userSubjects.roomKey.of({
      homeSite: site.siteId,
      account: ACCOUNT,
      fromSite: site.siteId,
    });
    await assert(
      asyncProperty(notice, async (body) => site.publish(subject, body)),
      { numRuns: 300 },
    );
    const message = room.message("still here");
    room.say(room.sealed(message, { pair, version: 0 }));
    expect(await next(events, "message")).toMatchObject({ message });
  });
});

describe("acknowledgements", () => {
  test("tell the home of each key that was stored, and again when it comes again", async () => {
    const { acks, room, device, tell } = await stage();
    const ack = { roomId: room.roomId, deviceId: device.deviceId };
    await expect.poll(() => acks).toEqual([{ ...ack, version: 0 }]);
    const key = wrapped(room, device, { pair: newKey(), version: 1 });
    tell(key);
    await expect.poll(() => acks.length).toBe(2);
    tell(key);
    await expect.poll(() => acks.map(({ version }) => version)).toEqual([0, 1, 1]);
  });

  test("are one for keys that come together", async () => {
    const { acks, room, device, tell } = await stage();
    await expect.poll(() => acks.length).toBe(1);
    for (const version of [3, 1, 2]) tell(wrapped(room, device, { pair: newKey(), version }));
    await expect.poll(() => acks.map(({ version }) => version)).toEqual([0, 3]);
  });

  // K10
  test("are never made of a key that is not stored", async () => {
    const store = memoryKeyStore();
    const put: KeyStore["put"] = (keys) =>
      keys.some(({ version }) => version === 3) ? Promise.reject(new Error("disk full")) : store.put(keys);
    const { acks, room, device, tell, problems } = await stage({ keyStore: { ...store, put } });
    tell(wrapped(room, device, { pair: newKey(), version: 3 }));
    await expect.poll(() => problems.length).toBe(1);
    tell(wrapped(room, device, { pair: newKey(), version: 1 }));
    await expect.poll(() => acks.at(-1)?.version).toBe(1);
    expect(acks.map(({ version }) => version)).not.toContain(3);
  });

  test("name no device where there is none", async () => {
    const site = await openPeerSite(inject("natsUrl"));
    onTestFinished(() => site[Symbol.asyncDispose]());
    const acks = await acksAt(site);
    const room = peerRoom(site);
    await listing(site, () => [room.row({ key: newKey() })]);
    const { client } = await connectAnn(site);
    await expect.poll(() => acks).toEqual([{ roomId: room.roomId, version: 0 }]);
    expect(client.deviceId).toBeUndefined();
    expect(site.asked(registerDevice)).toEqual([]);
  });
});
