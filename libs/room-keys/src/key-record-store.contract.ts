import { randomUUID } from "node:crypto";

import type { RoomKeySlot } from "@parley/valkey/keys";
import { describe, expect, test } from "vitest";

import type { KeyRecordStore, ListedRecord } from "./key-record-store.ts";

/** A store of records with a way past it, since what lies there came by other ways. */
interface OpenedRecordStore {
  readonly store: KeyRecordStore;
  readonly put: (of: { roomId: string; slot: RoomKeySlot; version: string; record: string }) => Promise<void>;
  readonly take: (roomId: string, slot: RoomKeySlot) => Promise<void>;
  /** As the slots of a room lie there, `slot version record`, sorted. */
  readonly held: (roomId: string) => Promise<readonly string[]>;
}

const freshRoom = (): string => randomUUID().replaceAll("-", "");

/** What the list says of one room: others may use the store too. */
async function listedOf(store: KeyRecordStore, roomId: string): Promise<readonly ListedRecord[]> {
  const all: ListedRecord[] = [];
  for await (const batch of store.list()) all.push(...batch);
  return all.filter((each) => (each.status === "found" ? each.roomId : each.error.roomId) === roomId);
}

/** What every {@link KeyRecordStore} keeps to. */
export function describeKeyRecordStore(name: string, open: () => OpenedRecordStore): void {
  describe(`key record store: ${name}`, () => {
    test("lists what lies in every slot, with its room and version", async () => {
      const { store, put } = open();
      const roomId = freshRoom();
      await put({ roomId, slot: "current", version: "2", record: "two" });
      await put({ roomId, slot: "previous", version: "1", record: "one" });
      await put({ roomId, slot: "pending", version: "3", record: "three" });

      const listed = await listedOf(store, roomId);
      expect(listed).toHaveLength(3);
      expect(listed).toEqual(
        expect.arrayContaining([
          { status: "found", slot: "current", roomId, version: 2, record: "two" },
          { status: "found", slot: "previous", roomId, version: 1, record: "one" },
          { status: "found", slot: "pending", roomId, version: 3, record: "three" },
        ]),
      );
    });

    test("lists a record whose version is no number as bad, with its room", async () => {
      const { store, put } = open();
      const roomId = freshRoom();
      await put({ roomId, slot: "current", version: "seven", record: "seven" });

      expect(await listedOf(store, roomId)).toEqual([
        {
          status: "bad",
          slot: "current",
          error: expect.objectContaining({
            message: `key of room ${roomId}: the stored version is no number`,
          }),
        },
      ]);
    });

    test("puts the new bytes where the old ones lie, and answers a repeat alike", async () => {
      const { store, put, held } = open();
      const roomId = freshRoom();
      await put({ roomId, slot: "current", version: "2", record: "two" });
      await put({ roomId, slot: "previous", version: "1", record: "one" });
      const replace = () => store.replace({ roomId, version: 1, record: "one" }, "sealed anew");

      expect([await replace(), await replace()]).toEqual(["replaced", "replaced"]);
      expect(await held(roomId)).toEqual(["current 2 two", "previous 1 sealed anew"]);
    });

    test("finds the old bytes in the slot a rotation moved them to", async () => {
      const { store, put, take, held } = open();
      const roomId = freshRoom();
      await put({ roomId, slot: "pending", version: "1", record: "one" });
      await take(roomId, "pending");
      await put({ roomId, slot: "current", version: "1", record: "one" });

      expect(await store.replace({ roomId, version: 1, record: "one" }, "sealed anew")).toBe("replaced");
      expect(await held(roomId)).toEqual(["current 1 sealed anew"]);
    });

    test.each([
      ["other bytes", { version: "1", record: "other" }],
      ["the same bytes under another version", { version: "2", record: "one" }],
    ])("leaves alone a slot that holds %s by now", async (_what, now) => {
      const { store, put, held } = open();
      const roomId = freshRoom();
      await put({ roomId, slot: "current", ...now });

      expect(await store.replace({ roomId, version: 1, record: "one" }, "sealed anew")).toBe("gone");
      expect(await held(roomId)).toEqual([`current ${now.version} ${now.record}`]);
    });

    test("brings nothing back that was deleted", async () => {
      const { store, held } = open();
      const roomId = freshRoom();

      expect(await store.replace({ roomId, version: 1, record: "one" }, "sealed anew")).toBe("gone");
      expect(await held(roomId)).toEqual([]);
    });
  });
}
