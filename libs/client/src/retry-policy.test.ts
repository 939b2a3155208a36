import { expect, test } from "vitest";

import { ParleyError } from "./parley-error.ts";
import { retryWaitMs } from "./retry-policy.ts";

const busy = new ParleyError("busy", {
  code: "too_many_requests",
  reason: "rate_limited",
  metadata: { retryAfterMs: 900 },
});
const first = { attempts: 1, elapsedMs: 0, deadlineMs: 10_000, random: 0 };

test("a refused request waits as long as the service asks, and up to a quarter more", () => {
  expect(retryWaitMs({ ...first, error: busy })).toBe(900);
  expect(retryWaitMs({ ...first, error: busy, random: 1 })).toBe(1125);
});

test("waits grow to two seconds when the service names none", () => {
  const error = new ParleyError("away", { code: "unavailable" });
  const waits = [1, 2, 3, 4, 5].map((attempts) => retryWaitMs({ ...first, error, attempts }));
  expect(waits).toEqual([250, 500, 1000, 2000, 2000]);
});

test("a wait that ends after the deadline is not begun", () => {
  expect(retryWaitMs({ ...first, error: busy, elapsedMs: 9_100 })).toBeUndefined();
  expect(retryWaitMs({ ...first, error: busy, deadlineMs: 0 })).toBeUndefined();
});

test("final answers and a home site that is away are not repeated", () => {
  const refused = new ParleyError("no", { code: "forbidden", reason: "not_room_member" });
  const away = new ParleyError("away", { code: "unavailable", reason: "home_site_unreachable" });
  expect(retryWaitMs({ ...first, error: refused })).toBeUndefined();
  expect(retryWaitMs({ ...first, error: away })).toBeUndefined();
});
