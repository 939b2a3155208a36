import { expect, test } from "vitest";

import { retryUntil } from "./retry-until.ts";

const delayMs = () => 1;
const lasting = () => new AbortController().signal;

test("repeats until an attempt succeeds and tells each failure", async () => {
  const failures: unknown[] = [];
  let attempts = 0;
  const result = await retryUntil({
    signal: lasting(),
    delayMs,
    onFailure: ({ attempt, cause }) => failures.push([attempt, String(cause)]),
    attempt: async () => {
      attempts += 1;
      if (attempts < 3) throw new Error(`not yet ${attempts}`);
      return "there";
    },
  });
  expect(result).toBe("there");
  expect(failures).toEqual([
    [1, "Error: not yet 1"],
    [2, "Error: not yet 2"],
  ]);
});

test("throws a final error as it is, after one attempt", async () => {
  const final = new Error("server too old");
  let attempts = 0;
  const result = retryUntil({
    signal: lasting(),
    delayMs,
    isFinal: (cause) => cause === final,
    attempt: () => {
      attempts += 1;
      return Promise.reject(final);
    },
  });
  await expect(result).rejects.toBe(final);
  expect(attempts).toBe(1);
});

test("gives up when it is told to, naming the last failure", async () => {
  const ended = new AbortController();
  const result = retryUntil({
    signal: ended.signal,
    delayMs: () => 60_000,
    onFailure: () => ended.abort(),
    attempt: () => Promise.reject(new Error("connection refused")),
  });
  await expect(result).rejects.toMatchObject({ cause: { message: "connection refused" } });
});

test("abandons an attempt that hangs, and tells it so", async () => {
  const ended = new AbortController();
  let seen: AbortSignal | undefined;
  const result = retryUntil({
    signal: ended.signal,
    attempt: (signal) => {
      seen = signal;
      queueMicrotask(() => ended.abort(new Error("time is over")));
      return new Promise(() => {});
    },
  });
  await expect(result).rejects.toMatchObject({ cause: { message: "time is over" } });
  expect(seen?.aborted).toBe(true);
});

test("does not even begin when it is over already", async () => {
  const result = retryUntil({ signal: AbortSignal.abort(), attempt: async () => "too late" });
  await expect(result).rejects.toThrow("gave up");
});
