import { KeyRecordError } from "@parley/room-crypto/key-record";
import type { RoomEntry, RoomKeyStore } from "@parley/room-keys/room-key-store";
import { describe, expect, it } from "vitest";

import { createCurrentVersions } from "./current-versions.ts";

const entryOf = (roomId: string, value: number | undefined): [string, RoomEntry<number>][] => {
  if (value === undefined) return [];
  if (value >= 0) return [[roomId, { status: "found", value }]];
  return [[roomId, { status: "bad", error: new KeyRecordError({ roomId }, "bad") }]];
};

/** A store that notes what it is asked at once; a version of −1 is a bad record. */
const storeOf = (versions: Readonly<Record<string, number>>) => {
  const asked: (readonly string[])[] = [];
  const store: Pick<RoomKeyStore, "getVersions"> = {
    async getVersions(roomIds) {
      asked.push(roomIds);
      return new Map(roomIds.flatMap((roomId) => entryOf(roomId, versions[roomId])));
    },
  };
  return { store, asked };
};

describe("createCurrentVersions", () => {
  it("asks for all rooms of one turn in one round trip, each once", async () => {
    const { store, asked } = storeOf({ one: 1, two: 2 });
    const versions = createCurrentVersions(store);

    const found = await Promise.all(["one", "two", "one", "none"].map((room) => versions.get(room)));

    expect(found).toEqual([1, 2, 1, null]);
    expect(asked).toEqual([["one", "two", "none"]]);
  });

  it("never answers from a read that was under way before the question", async () => {
    const current = { room: 1 };
    const { store, asked } = storeOf(current);
    const versions = createCurrentVersions({
      getVersions: async (rooms) => {
        const entries = await store.getVersions(rooms);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return entries;
      },
    });

    const first = versions.get("room");
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toHaveLength(1);
    current.room = 2;
    const second = versions.get("room");

    expect(await Promise.all([first, second])).toEqual([1, 2]);
  });

  it("lets a bad record spoil only its own room", async () => {
    const versions = createCurrentVersions(storeOf({ good: 3, bad: -1 }).store);

    const found = await Promise.allSettled([versions.get("good"), versions.get("bad")]);

    expect(found).toMatchObject([{ value: 3 }, { reason: { name: "KeyRecordError" } }]);
  });

  it("fails every question of a read that fails, and asks anew for the next", async () => {
    let isDown = true;
    const { store } = storeOf({ room: 4 });
    const versions = createCurrentVersions({
      getVersions: (rooms) => (isDown ? Promise.reject(new Error("down")) : store.getVersions(rooms)),
    });

    const found = await Promise.allSettled([versions.get("room"), versions.get("other")]);
    isDown = false;

    expect(found.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await versions.get("room")).toBe(4);
  });
});
