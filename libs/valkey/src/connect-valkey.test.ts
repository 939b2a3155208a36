import { expect, test } from "vitest";

import { connectValkey, reconnectDelayMs } from "./connect-valkey.ts";

test("waits longer with each attempt to reconnect, up to a limit", () => {
  const delays = [1, 2, 3, 6, 7, 1000].map((attempt) => reconnectDelayMs(attempt, () => 0));

  expect(delays).toEqual([50, 100, 200, 1600, 2000, 2000]);
});

test("leaves out a random part of the delay, at most half", () => {
  expect(reconnectDelayMs(7, () => 1)).toBe(1000);
});

test("refuses to connect to no address or to one that is none", async () => {
  await expect(connectValkey({ addresses: [], onError: () => {} })).rejects.toThrow(
    "no Valkey address given",
  );
  await expect(connectValkey({ addresses: ["valkey"], onError: () => {} })).rejects.toThrow("form host:port");
});
