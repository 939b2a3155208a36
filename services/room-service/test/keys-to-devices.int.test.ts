import { getKey, listRooms } from "@parley/contract/room-requests";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { OpenError } from "@parley/room-crypto/open-error";
import type { TestSite } from "@parley/site/test/test-site";
import { describe, expect } from "vitest";

import { noteProjection } from "./note-projection.ts";
import { test as base } from "./room-service-test.ts";
import { enrol } from "./test-device.ts";

const test = base
  // Somebody of this name, at home here, for one test.
  .extend(
    "know",
    { scope: "file" },
    ({ site }) =>
      (account: string) =>
        site.know({ account }),
  )
  .extend(
    "get",
    { scope: "file" },
    ({ clients }) =>
      (account: string, roomId: string, body: object = {}) =>
        clients.ask(account, getKey, { tokens: { roomId }, body }),
  );

/** The roster that the site's document of a room says. */
async function rosterIn({ database }: TestSite, roomId: string) {
  const room = await mongoRoomDocumentStore(database).find(roomId);
  if (!room) throw new Error(`room ${roomId} is not projected`);
  return { rosterDigest: room.rosterDigest, revision: room.applied };
}

describe("key.get of an account with devices", () => {
  // K8
  test("hands the key to the device that asks, bound to the roster, and the bytes to nobody", async ({
    rooms,
    site,
    know,
    get,
  }) => {
    await know("enrolled");
    const roomId = await rooms.channel("ann", { users: ["enrolled"] });
    const [phone, laptop] = [await enrol(site, "enrolled"), await enrol(site, "enrolled")];
    const bytes = (await get("ann", roomId)).privateKey;
    const handed = await get("enrolled", roomId, { deviceId: phone.deviceId });
    expect(handed).toEqual({
      roomId,
      siteId: site.siteId,
      version: 0,
      wrapped: expect.anything(),
      ...(await rosterIn(site, roomId)),
    });
    expect(phone.open(roomId, handed)).toBe(bytes);
    expect(() => laptop.open(roomId, handed)).toThrow(OpenError);
    expect(() => phone.open(roomId, { ...handed, rosterDigest: "ab".repeat(32) })).toThrow(OpenError);
    const other = await get("enrolled", roomId, { deviceId: laptop.deviceId, version: 0 });
    expect(laptop.open(roomId, other)).toBe(bytes);
  });

  // K8
  test("is refused without a device, with an unknown one and with one that was revoked", async ({
    rooms,
    site,
    know,
    get,
  }) => {
    await know("revoker");
    const roomId = await rooms.channel("ann", { users: ["revoker"] });
    const [phone, lost] = [await enrol(site, "revoker"), await enrol(site, "revoker")];
    const { deviceId } = lost;
    expect(await get("revoker", roomId, { deviceId })).toHaveProperty("wrapped");
    await mongoDeviceStore(site.database).revoke({ account: "revoker", deviceId, at: Date.now() });
    for (const body of [{}, { deviceId }, { deviceId: "0".repeat(20) }, { deviceId, version: 0 }])
      expect(await get("revoker", roomId, body)).toMatchObject({
        code: "forbidden",
        reason: "device_not_enrolled",
      });
    expect(await get("revoker", roomId, { deviceId: phone.deviceId })).toHaveProperty("wrapped");
  });

  test("gives no device what another account's asks for", async ({ rooms, site, know, get }) => {
    await know("owner1");
    await know("owner2");
    const roomId = await rooms.channel("ann", { users: ["owner1", "owner2"] });
    const [first] = [await enrol(site, "owner1"), await enrol(site, "owner2")];
    expect(await get("owner2", roomId, { deviceId: first.deviceId })).toMatchObject({
      reason: "device_not_enrolled",
    });
  });

  test("judges the membership before the device, and the device before what is there", async ({
    rooms,
    site,
    know,
    get,
  }) => {
    await know("newcomer");
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const { deviceId } = await enrol(site, "newcomer");
    expect(await get("newcomer", roomId, { deviceId })).toMatchObject({ reason: "not_room_member" });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    await rooms.settled(rooms.add("ann", roomId, { users: ["newcomer"] }));
    expect(await get("newcomer", roomId, { version: 0 })).toMatchObject({
      reason: "key_version_not_allowed",
    });
    expect(await get("newcomer", roomId, { version: 9 })).toMatchObject({ reason: "device_not_enrolled" });
    expect(await get("newcomer", roomId, { version: 9, deviceId })).toMatchObject({
      reason: "room_key_absent",
      metadata: { currentVersion: 1 },
    });
  });

  test("wraps the previous version too, for the roster there is now", async ({ rooms, site, know, get }) => {
    await know("reader");
    const roomId = await rooms.channel("ann", { users: ["bob", "reader"] });
    const phone = await enrol(site, "reader");
    const bytes = (await get("ann", roomId)).privateKey;
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    const handed = await get("reader", roomId, { version: 0, deviceId: phone.deviceId });
    expect(handed).toMatchObject({ version: 0, ...(await rosterIn(site, roomId)) });
    expect(phone.open(roomId, handed)).toBe(bytes);
  });

  // R104
  test("names the roster of the log for a key that is ahead of an older projection put back", async ({
    rooms,
    site,
    know,
    get,
  }) => {
    await know("survivor");
    const roomId = await rooms.channel("ann", { users: ["bob", "survivor"] });
    const phone = await enrol(site, "survivor");
    const putBack = await noteProjection(site, roomId);
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    const roster = await rosterIn(site, roomId);
    await putBack();
    const handed = await get("survivor", roomId, { deviceId: phone.deviceId });
    expect(handed).toMatchObject({ version: 1, ...roster });
    expect(phone.open(roomId, handed)).toBe((await get("ann", roomId)).privateKey);
  });
});

test("where the document of a room is one without a digest, key.get names the log's roster and room.list leaves the key out", async ({
  clients,
  rooms,
  site,
  get,
}) => {
  const roomId = await rooms.channel("ann", { users: ["dan"] });
  const roster = await rosterIn(site, roomId);
  const digest = { rosterDigest: "", digestRevision: "" } as const;
  const documents = site.database.collection<{ _id: string }>("rooms");
  await documents.updateOne({ _id: roomId }, { $unset: digest });
  expect(await get("dan", roomId)).toMatchObject({ version: 0, privateKey: expect.any(String), ...roster });
  const listed = await clients.ask("dan", listRooms, { body: { keys: true } });
  expect(listed.rooms.find(({ room }) => room.roomId === roomId)).not.toHaveProperty("key");
});

test("an account without devices is handed the bytes with the roster, unless it names a device", async ({
  rooms,
  site,
  get,
}) => {
  const roomId = await rooms.channel("ann", { users: ["bob"] });
  const roster = await rosterIn(site, roomId);
  const handed = await get("bob", roomId);
  expect(handed).toMatchObject({ version: 0, privateKey: expect.any(String), ...roster });
  expect(handed).not.toHaveProperty("wrapped");
  expect(await get("bob", roomId, { deviceId: "0".repeat(20) })).toMatchObject({
    reason: "device_not_enrolled",
  });
});

describe("room.list with keys", () => {
  test("wraps each room's key for the device that asks", async ({ clients, rooms, site, know, get }) => {
    await know("lister");
    const roomIds = [
      await rooms.channel("ann", { users: ["lister"] }),
      await rooms.channel("bob", { users: ["lister"] }),
    ];
    const phone = await enrol(site, "lister");
    const body = { keys: true, deviceId: phone.deviceId };
    const listed = await clients.ask("lister", listRooms, { body });
    const opened = listed.rooms.map(({ room, key }) => {
      if (!key) throw new Error("a room came without its key");
      expect(key).not.toHaveProperty("privateKey");
      expect(key.revision).toBe(room.revision);
      return [room.roomId, phone.open(room.roomId, key)];
    });
    const bytes = await Promise.all([get("ann", roomIds[0] ?? ""), get("bob", roomIds[1] ?? "")]);
    expect(Object.fromEntries(opened)).toEqual(
      Object.fromEntries(bytes.map(({ roomId, privateKey }) => [roomId, privateKey])),
    );
    for (const row of listed.rooms) expect(row.key).toMatchObject(await rosterIn(site, row.room.roomId));
  });

  test("is refused an enrolled account that does not say which of its devices asks", async ({
    clients,
    rooms,
    site,
    know,
  }) => {
    await know("forgetful");
    const roomId = await rooms.channel("ann", { users: ["forgetful"] });
    await enrol(site, "forgetful");
    const list = (body: object) => clients.ask("forgetful", listRooms, { body });
    for (const body of [{ keys: true }, { keys: true, deviceId: "0".repeat(20) }])
      expect(await list(body)).toMatchObject({ reason: "device_not_enrolled" });
    expect((await list({})).rooms.map(({ room, key }) => [room.roomId, key])).toEqual([[roomId, undefined]]);
  });
});
