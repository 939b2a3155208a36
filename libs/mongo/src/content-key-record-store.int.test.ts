import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { newRoomId } from "../test/rooms.ts";
import { mongoContentKeyRecordStore } from "./content-key-record-store.mongo.ts";

const AT = 1_750_000_000_000;
const recordOf = (roomId: string, record = "sealed") => ({ roomId, kid: "kid-1", record });

describe("mongoContentKeyRecordStore", () => {
  test("keeps the first record of a room", async ({ database }) => {
    const store = mongoContentKeyRecordStore(database);
    const roomId = newRoomId();
    expect(await store.find(roomId)).toBeNull();
    const first = { status: "key", kid: "kid-1", record: "sealed" };
    expect(await store.insertIfAbsent({ ...recordOf(roomId), createdAt: AT })).toEqual(first);
    expect(await store.insertIfAbsent({ roomId, kid: "kid-2", record: "other", createdAt: AT })).toEqual(
      first,
    );
    expect(await store.find(roomId)).toEqual(first);
  });

  test("answers every one of concurrent writers with the same record", async ({ database }) => {
    const store = mongoContentKeyRecordStore(database);
    const roomId = newRoomId();
    const stored = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.insertIfAbsent({ roomId, kid: `kid-${index}`, record: `sealed ${index}`, createdAt: AT }),
      ),
    );
    expect(new Set(stored.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  test("erased stands against every later record, and no record becomes erased by a copy", async ({
    database,
  }) => {
    const store = mongoContentKeyRecordStore(database);
    const [erased, held] = [newRoomId(), newRoomId()];
    expect(await store.insertErased({ roomId: erased, revision: 7, at: AT })).toEqual({
      status: "erased",
      revision: 7,
    });
    expect(await store.insertIfAbsent({ ...recordOf(erased), createdAt: AT })).toMatchObject({
      status: "erased",
    });
    expect(await store.replace(recordOf(erased), "anew")).toBe("gone");
    await store.insertIfAbsent({ ...recordOf(held), createdAt: AT });
    expect(await store.insertErased({ roomId: held, revision: 7, at: AT })).toMatchObject({ status: "key" });
  });

  test("puts a record anew only where exactly the old one stands, and answers a repeat alike", async ({
    database,
  }) => {
    const store = mongoContentKeyRecordStore(database);
    const roomId = newRoomId();
    await store.insertIfAbsent({ ...recordOf(roomId), createdAt: AT });
    expect(await store.replace(recordOf(roomId, "another"), "anew")).toBe("gone");
    expect(await store.replace({ ...recordOf(roomId), kid: "kid-2" }, "anew")).toBe("gone");
    for (const _time of [1, 2]) expect(await store.replace(recordOf(roomId), "anew")).toBe("replaced");
    expect(await store.find(roomId)).toEqual({ status: "key", kid: "kid-1", record: "anew" });
    expect(await database.collection<{ _id: string }>("content_keys").findOne({ _id: roomId })).toMatchObject(
      {
        createdAt: AT,
      },
    );
  });

  test("lists every record once over several batches, and no erased room", async ({ database }) => {
    const store = mongoContentKeyRecordStore(database);
    const rooms = Array.from({ length: 450 }, newRoomId);
    await Promise.all(rooms.map((roomId) => store.insertIfAbsent({ ...recordOf(roomId), createdAt: AT })));
    const erased = newRoomId();
    await store.insertErased({ roomId: erased, revision: 1, at: AT });
    const listed: string[] = [];
    for await (const batch of store.list()) {
      expect(batch.length).toBeLessThanOrEqual(200);
      listed.push(...batch.map(({ roomId }) => roomId));
    }
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed).toEqual(expect.arrayContaining(rooms));
    expect(listed).not.toContain(erased);
  });
});
