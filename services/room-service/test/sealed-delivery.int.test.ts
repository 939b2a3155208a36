import { explainKey, reportInvalidKey } from "@parley/contract/devices";
import { getKey, listRooms } from "@parley/contract/room-requests";
import { expect } from "vitest";

import { test as base } from "./room-service-test.ts";
import { enrol } from "./test-device.ts";

const test = base.override("serviceEnvironment", { KEY_DELIVERY: "sealed" });

// K9
test("where delivery is sealed, an account without devices is handed no key at all", async ({
  clients,
  rooms,
}) => {
  const roomId = await rooms.channel("ann", { users: ["bob"] });
  const refused = { code: "forbidden", reason: "device_not_enrolled" };
  const tokens = { roomId };
  const listed = await clients.ask("bob", listRooms, { body: { keys: true } });
  expect(listed.rooms.map(({ room, key }) => [room.roomId, key])).toEqual([[roomId, undefined]]);
  for (const body of [{}, { deviceId: "0".repeat(20) }]) {
    expect(await clients.ask("bob", getKey, { tokens, body })).toMatchObject(refused);
    const report = { version: 0, ...body };
    expect(await clients.ask("bob", reportInvalidKey, { tokens, body: report })).toMatchObject(refused);
    const why = { reason: "device_not_enrolled" };
    expect(await clients.ask("bob", explainKey, { tokens, body })).toMatchObject(why);
  }
});

test("where delivery is sealed, a device is handed its key", async ({ clients, rooms, site }) => {
  const roomId = await rooms.channel("ann", { users: ["dan"] });
  const [phone, laptop] = [await enrol(site, "dan"), await enrol(site, "dan")];
  const opened = await Promise.all(
    [phone, laptop].map(async (device) => {
      const { deviceId } = device;
      const handed = await clients.ask("dan", getKey, { tokens: { roomId }, body: { deviceId } });
      expect(handed).not.toHaveProperty("privateKey");
      return device.open(roomId, handed);
    }),
  );
  expect(new Set(opened).size).toBe(1);
});
