import { getKey, listRooms } from "@parley/contract/room-requests";
import { describe, expect } from "vitest";

import { noteProjection } from "./note-projection.ts";
import { test } from "./room-service-test.ts";

describe("where an older projection was put back, a key above it", () => {
  // R104
  test("is for whom the log has as a member, whatever the rows say", async ({ clients, rooms, site }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan"] });
    const putBack = await noteProjection(site, roomId);
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    await putBack();
    const get = (account: string, body: object = {}) =>
      clients.ask(account, getKey, { tokens: { roomId }, body });
    for (const body of [{}, { version: 1 }]) {
      expect(await get("bob", body)).toMatchObject({ reason: "not_room_member" });
      expect(await get("dan", body)).toMatchObject({ version: 1 });
    }
    // Of what the projection knows of, its rows say who may have it.
    expect(await get("dan", { version: 0 })).toMatchObject({ version: 0 });
    expect(await get("out")).toMatchObject({ reason: "not_room_member" });
  });

  // R104
  test("is for nobody from before the log lets them read", async ({ clients, rooms, site }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan"] });
    const putBack = await noteProjection(site, roomId);
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    await rooms.settled(rooms.remove("ann", roomId, { account: "dan" }));
    await rooms.settled(rooms.add("ann", roomId, { users: ["bob"] }));
    await putBack();
    const get = (account: string, version: number) =>
      clients.ask(account, getKey, { tokens: { roomId }, body: { version } });
    expect(await get("bob", 2)).toMatchObject({ version: 2 });
    expect(await get("bob", 1)).toMatchObject({
      reason: "key_version_not_allowed",
      metadata: { keyFrom: 2 },
    });
    expect(await get("ann", 1)).toMatchObject({ version: 1 });
  });

  // R104
  test("is in no list of rooms", async ({ clients, rooms, site }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan"] });
    const versionFor = async (account: string): Promise<number | undefined> => {
      const page = await clients.ask(account, listRooms, { body: { keys: true } });
      const row = page.rooms.find(({ room }) => room.roomId === roomId);
      if (!row) throw new Error(`${account} is not shown the room`);
      return row.key?.version;
    };
    expect(await versionFor("bob")).toBe(0);
    const putBack = await noteProjection(site, roomId);
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    expect(await versionFor("dan")).toBe(1);
    await putBack();
    expect(await versionFor("bob")).toBeUndefined();
    expect(await versionFor("dan")).toBeUndefined();
  });

  // R104
  test("is for the log's members also where the room is not projected yet", async ({
    clients,
    rooms,
    site,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan"] });
    const records = site.database.collection<{ _id: string }>("rooms");
    const putBack = await noteProjection(site, roomId);
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    await putBack();
    await records.deleteOne({ _id: roomId });
    const get = (account: string) => clients.ask(account, getKey, { tokens: { roomId } });
    expect(await get("bob")).toMatchObject({ reason: "not_room_member" });
    expect(await get("dan")).toMatchObject({ version: 1 });
  });
});
