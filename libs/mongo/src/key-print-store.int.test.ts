import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { newRoomId } from "../test/rooms.ts";
import { mongoKeyPrintStore } from "./key-print-store.mongo.ts";

describe("mongoKeyPrintStore", () => {
  test("keeps the first print of each version", async ({ database }) => {
    const store = mongoKeyPrintStore(database);
    const roomId = newRoomId();
    expect(await store.insertIfAbsent({ roomId, version: 0, print: "first" })).toBe("first");
    expect(await store.insertIfAbsent({ roomId, version: 0, print: "second" })).toBe("first");
    expect(await store.insertIfAbsent({ roomId, version: 1, print: "second" })).toBe("second");
  });

  test("answers every one of concurrent writers with the same print", async ({ database }) => {
    const store = mongoKeyPrintStore(database);
    const roomId = newRoomId();
    const prints = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.insertIfAbsent({ roomId, version: 0, print: `print ${index}` }),
      ),
    );
    expect(new Set(prints).size).toBe(1);
  });
});
