import { expect, test } from "vitest";

import { fakeClock } from "../test/fake-clock.ts";
import { createBackground } from "./background.ts";
import { createKeyFetcher, type WantedKey } from "./key-fetcher.ts";
import { ParleyError } from "./parley-error.ts";
import { UnusableKey } from "./unusable-key.ts";

const key: WantedKey = { room: { roomId: "jHjHNiEuCoJo8Nrzp", siteId: "alpha" }, version: 1 };
const unanswered = new ParleyError("away", { code: "unavailable" });
const absent = new ParleyError("gone", { code: "not_found", reason: "room_key_absent" });

/** A fetcher whose answers are played one after the other; the last one stays. */
function stage(answers: readonly (Error | Uint8Array)[]) {
  const clock = fakeClock();
  const played = [...answers];
  const seen = { asked: 0, fetched: 0, failed: [] as string[], because: [] as string[] };
  const wanted = { still: true };
  const fetcher = createKeyFetcher({
    clock,
    background: createBackground(() => undefined),
    async ask(_key, because) {
      seen.asked += 1;
      seen.because.push(because);
      const answer = played.length > 1 ? played.shift() : played[0];
      if (answer instanceof Uint8Array) return { privateKey: answer };
      throw answer;
    },
    async onFetched() {
      seen.fetched += 1;
    },
    onFailed(_key, reason) {
      seen.failed.push(reason);
      return wanted.still;
    },
    isWanted: () => wanted.still,
  });
  return { clock, fetcher, seen, wanted };
}

// R76
test("one request is in flight per version, however often the key is wanted", async () => {
  const { clock, fetcher, seen } = stage([new Uint8Array(32)]);
  fetcher.want(key);
  fetcher.want(key);
  await clock.advance(0);
  expect(seen).toEqual({ asked: 1, fetched: 1, failed: [], because: ["missing"] });
});

test("nobody's answer is asked for again after 1, 2, 5 and 15 seconds", async () => {
  const { clock, fetcher, seen } = stage([
    unanswered,
    unanswered,
    unanswered,
    unanswered,
    new Uint8Array(32),
  ]);
  fetcher.want(key);
  await clock.advance(0);
  for (const pauseMs of [1000, 2000, 5000, 15_000]) {
    const before = seen.asked;
    await clock.advance(pauseMs - 1);
    expect(seen.asked).toBe(before);
    await clock.advance(1);
    expect(seen.asked).toBe(before + 1);
  }
  expect(seen.fetched).toBe(1);
});

test("a refusal pauses for a minute, also for who wants the key meanwhile, and says why", async () => {
  const { clock, fetcher, seen, wanted } = stage([absent]);
  wanted.still = false;
  fetcher.want(key);
  await clock.advance(0);
  expect(fetcher.want(key)).toBe("version_expired");
  wanted.still = true;
  await clock.advance(59_999);
  expect(seen.asked).toBe(1);
  await clock.advance(1);
  expect(seen.asked).toBe(2);
});

test("asking ends when nothing waits for the key any more", async () => {
  const { clock, fetcher, seen, wanted } = stage([unanswered]);
  fetcher.want(key);
  await clock.advance(0);
  wanted.still = false;
  await clock.advance(60_000);
  expect(seen.asked).toBe(1);
});

test("a wrap that does not open is asked for anew once, whether anything waits for it or not", async () => {
  const { clock, fetcher, seen, wanted } = stage([new UnusableKey("corrupt")]);
  wanted.still = false;
  fetcher.renew(key);
  fetcher.renew(key);
  await clock.advance(0);
  expect(seen).toMatchObject({ because: ["invalid"], failed: ["corrupt"] });
  fetcher.renew(key);
  await clock.advance(59_999);
  expect(seen.asked).toBe(1);
  expect(fetcher.want(key)).toBe("corrupt");
});

test("what waits for a key that does not open is asked for again after a minute, as missing", async () => {
  const { clock, fetcher, seen } = stage([new UnusableKey("corrupt"), new Uint8Array(32)]);
  fetcher.renew(key);
  await clock.advance(0);
  await clock.advance(60_000);
  expect(seen).toMatchObject({ because: ["invalid", "missing"], fetched: 1 });
});
