import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createHeldKeys } from "./held-keys.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("forgets a value after its time, however often it was used", () => {
  const held = createHeldKeys<number>({ entriesMax: 10, heldMs: 1000 });
  held.set("a", 1);
  vi.advanceTimersByTime(600);
  expect(held.get("a")).toBe(1);
  vi.advanceTimersByTime(600);

  expect(held.get("a")).toBeUndefined();
});

test("lets go within twice its time of what nobody asks for, and keeps no timer for nothing", () => {
  const held = createHeldKeys<number>({ entriesMax: 10, heldMs: 1000 });
  held.set("a", 1);
  vi.advanceTimersByTime(900);
  held.set("b", 2);
  vi.advanceTimersByTime(200);
  expect(held.size).toBe(1);
  vi.advanceTimersByTime(1000);

  expect([held.size, vi.getTimerCount()]).toEqual([0, 0]);
});

test("holds no more than its limit: what was set first goes first", () => {
  const held = createHeldKeys<number>({ entriesMax: 2, heldMs: 1000 });
  held.set("a", 1);
  held.set("b", 2);
  held.set("a", 3);
  held.set("c", 4);

  expect([held.get("a"), held.get("b"), held.get("c"), held.size]).toEqual([3, undefined, 4, 2]);
});
