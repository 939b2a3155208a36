import { keyStatus, reportInvalidKey, STATUS_PENDING_MAX } from "@parley/contract/devices";
import { getKey } from "@parley/contract/room-requests";
import { describe, expect } from "vitest";

import { openTestAcks } from "./key-ack-test.ts";
import { test as base } from "./room-service-test.ts";
import { enrol } from "./test-device.ts";

const test = base
  .extend("acks", { scope: "file" }, async ({}, { onCleanup }) => {
    const acks = await openTestAcks();
    onCleanup(() => acks[Symbol.asyncDispose]());
    return acks;
  })
  // Somebody of this name, at home here, for one test.
  .extend(
    "know",
    { scope: "file" },
    ({ site }) =>
      (account: string) =>
        site.know({ account }),
  )
  .extend(
    "report",
    { scope: "file" },
    ({ clients }) =>
      (account: string, roomId: string, body: object) =>
        clients.ask(account, reportInvalidKey, { tokens: { roomId }, body }),
  )
  .extend(
    "status",
    { scope: "file" },
    ({ clients }) =>
      (account: string, roomId: string) =>
        clients.ask(account, keyStatus, { tokens: { roomId } }),
  );

describe("key.invalid", () => {
  // K11
  test("answers the device alone, wrapped anew under an ephemeral key of its own", async ({
    clients,
    rooms,
    site,
    know,
    report,
  }) => {
    await know("reporter");
    const roomId = await rooms.channel("ann", { users: ["reporter", "bob"] });
    const phone = await enrol(site, "reporter");
    const { deviceId } = phone;
    const get = () => clients.ask("reporter", getKey, { tokens: { roomId }, body: { deviceId } });
    const [first, again] = [await get(), await get()];
    expect(again.wrapped?.ephemeralPublicKey).toBe(first.wrapped?.ephemeralPublicKey);
    await clients.flush();
    const told = clients.seen.length;
    const fresh = [
      await report("reporter", roomId, { version: 0, deviceId }),
      await report("reporter", roomId, { version: 0, deviceId }),
    ];
    await clients.flush();
    expect(clients.seen.slice(told)).toEqual([]);
    const ephemeral = [first, ...fresh].map(({ wrapped }) => wrapped?.ephemeralPublicKey);
    expect(new Set(ephemeral).size).toBe(3);
    for (const handed of fresh) {
      expect(handed).toMatchObject({ roomId, siteId: site.siteId, version: 0, revision: 1 });
      expect(phone.open(roomId, handed)).toBe(phone.open(roomId, first));
    }
  });

  test("answers an account without devices with the bytes again", async ({ clients, rooms, report }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const { privateKey } = await clients.ask("ann", getKey, { tokens: { roomId } });
    expect(await report("bob", roomId, { version: 0 })).toMatchObject({ version: 0, privateKey });
  });

  // K11
  test("forgets that the device had that version, and nothing else", async ({
    rooms,
    site,
    know,
    report,
    acks,
  }) => {
    await know("forgotten");
    const roomId = await rooms.channel("ann", { users: ["forgotten"] });
    const [phone, laptop] = [await enrol(site, "forgotten"), await enrol(site, "forgotten")];
    const account = "forgotten";
    await acks.stored(roomId, 0, [{ account: "ann" }, { account, ...phone }, { account, ...laptop }]);
    await report("forgotten", roomId, { version: 0, deviceId: phone.deviceId });
    const left = await acks.ackedVersions(roomId);
    expect(Object.fromEntries(left)).toEqual({ ann: 0, [`forgotten.${laptop.deviceId}`]: 0 });
    await report("ann", roomId, { version: 0 });
    expect([...(await acks.ackedVersions(roomId)).keys()]).toEqual([`forgotten.${laptop.deviceId}`]);
  });

  test("is answered a few times for a device and version, then later", async ({
    rooms,
    site,
    know,
    report,
  }) => {
    await know("broken");
    const roomId = await rooms.channel("ann", { users: ["broken", "bob"] });
    const [phone, laptop] = [await enrol(site, "broken"), await enrol(site, "broken")];
    const of = ({ deviceId }: { deviceId: string }, version = 0) =>
      report("broken", roomId, { version, deviceId });
    for (let times = 1; times <= 3; times += 1) expect(await of(phone)).toHaveProperty("wrapped");
    expect(await of(phone)).toMatchObject({
      code: "too_many_requests",
      reason: "rate_limited",
      metadata: { retryAfterMs: expect.any(Number) },
    });
    expect(await of(laptop)).toHaveProperty("wrapped");
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    expect(await of(phone, 1)).toHaveProperty("wrapped");
  });

  test("refuses whom key.get refuses", async ({ rooms, site, know, report }) => {
    await know("enrolled");
    const roomId = await rooms.channel("ann", { users: ["enrolled", "bob"] });
    const { deviceId } = await enrol(site, "enrolled");
    const reasonOf = async (account: string, body: object) => (await report(account, roomId, body)).reason;
    expect(await reasonOf("out", { version: 0 })).toBe("not_room_member");
    expect(await reasonOf("enrolled", { version: 0 })).toBe("device_not_enrolled");
    expect(await reasonOf("enrolled", { version: 0, deviceId: "0".repeat(20) })).toBe("device_not_enrolled");
    expect(await reasonOf("enrolled", { version: 7, deviceId })).toBe("room_key_absent");
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    await rooms.settled(rooms.add("ann", roomId, { users: ["dan"] }));
    expect(await reasonOf("dan", { version: 0 })).toBe("key_version_not_allowed");
  });
});

describe("key.status", () => {
  // K11
  test("tells a member whom the current version has reached: devices, and accounts without any", async ({
    rooms,
    site,
    know,
    status,
    acks,
  }) => {
    await know("zed");
    const roomId = await rooms.channel("ann", { users: ["zed", "bob", "dan"] });
    const devices = [await enrol(site, "zed"), await enrol(site, "zed"), await enrol(site, "zed")];
    const [first, second, third] = devices.map(({ deviceId }) => deviceId).toSorted();
    expect(await status("dan", roomId)).toMatchObject({ version: 0, acked: 0, pending: 6 });
    await acks.stored(roomId, 0, [{ account: "bob" }, { account: "zed", deviceId: second }]);
    // Said before there were devices: it is not one of them that has the key.
    await acks.stored(roomId, 0, [{ account: "zed" }]);
    expect(await status("dan", roomId)).toEqual({
      version: 0,
      acked: 2,
      pending: 4,
      pendingOf: [
        { account: "ann" },
        { account: "dan" },
        { account: "zed", deviceId: first },
        { account: "zed", deviceId: third },
      ],
    });
  });

  test("counts anew when the key changes, without who is gone", async ({ rooms, status, acks }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan"] });
    await acks.stored(roomId, 0, [{ account: "ann" }, { account: "bob" }, { account: "dan" }]);
    expect(await status("ann", roomId)).toEqual({ version: 0, acked: 3, pending: 0, pendingOf: [] });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    expect(await status("ann", roomId)).toEqual({
      version: 1,
      acked: 0,
      pending: 2,
      pendingOf: [{ account: "ann" }, { account: "dan" }],
    });
  });

  test("names no more than so many of whom it counts", async ({ rooms, site, status }) => {
    const accounts = Array.from({ length: 17 }, (_, index) => `many${String(index).padStart(2, "0")}`);
    await site.know(...accounts.map((account) => ({ account })));
    const roomId = await rooms.channel("ann", { users: accounts });
    const registeredAt = Date.now();
    const devices = Array.from({ length: 32 }, (_, index) => ({
      deviceId: String(index).padStart(20, "0"),
      publicKey: "",
      registeredAt,
    }));
    await site.database
      .collection<{ _id: string }>("devices")
      .insertMany(accounts.map((_id) => ({ _id, siteId: site.siteId, revision: 1, devices })));
    const reply = await status("ann", roomId);
    expect(reply).toMatchObject({ acked: 0, pending: 17 * 32 + 1 });
    expect(reply.pendingOf).toHaveLength(STATUS_PENDING_MAX);
    expect(reply.pendingOf.at(-1)).toEqual({ account: "many15", deviceId: "18".padStart(20, "0") });
  });

  test("is for members", async ({ rooms, status }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    expect(await status("out", roomId)).toMatchObject({ reason: "not_room_member" });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    expect(await status("bob", roomId)).toMatchObject({ reason: "not_room_member" });
    expect(await status("ann", "0000000000000None")).toMatchObject({ reason: "not_room_member" });
  });
});
