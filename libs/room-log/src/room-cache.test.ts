import { bob, cat, createChannel, roomAfter } from "@parley/room/test/fixtures";
import { expect, test } from "vitest";

import { createRoomCache } from "./room-cache.ts";
import { EMPTY_ROOM, type LoadedRoom } from "./room-loader.ts";

const one: LoadedRoom = { state: roomAfter(createChannel({})), streamSequence: 1 };
const three: LoadedRoom = { state: roomAfter(createChannel({ users: [bob, cat] })), streamSequence: 2 };

test("counts the members of all rooms together", () => {
  const cache = createRoomCache(10);
  cache.set("a", one);
  cache.set("b", three);
  expect(cache.members).toBe(4);
  cache.set("b", one);
  expect(cache.members).toBe(2);
  cache.delete("a");
  cache.delete("a");
  expect(cache.members).toBe(1);
});

test("drops the rooms used longest ago, as many as it must", () => {
  const cache = createRoomCache(5);
  for (const name of ["a", "b", "c"]) cache.set(name, one);
  expect(cache.get("a")).toBe(one);
  cache.set("d", three);
  expect(["a", "b", "c", "d"].map((name) => cache.get(name) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect(cache.members).toBe(5);
});

test("keeps no room that is larger than the cache", () => {
  const cache = createRoomCache(2);
  cache.set("a", one);
  cache.set("b", three);
  expect([cache.get("a"), cache.get("b"), cache.members]).toEqual([undefined, undefined, 0]);
});

test("bounds rooms without members too", () => {
  const cache = createRoomCache(2);
  for (const name of ["a", "b", "c"]) cache.set(name, EMPTY_ROOM);
  expect(cache.members).toBe(2);
  expect(cache.get("a")).toBeUndefined();
});
