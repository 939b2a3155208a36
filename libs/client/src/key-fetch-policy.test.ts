import { describe, expect, test } from "vitest";

import {
  afterFailedFetch,
  afterFetch,
  afterInvalid,
  freshFetch,
  isHidden,
  isWorthRefetch,
} from "./key-fetch-policy.ts";
import { ParleyError } from "./parley-error.ts";
import { UnusableKey } from "./unusable-key.ts";

const refused = (reason: string) => new ParleyError("no", { code: "forbidden", reason });
const unanswered = new ParleyError("away", { code: "unavailable" });

describe("after a failed key.get", () => {
  // R76
  test("a typed refusal pauses for a minute and says why", () => {
    const reasons = ["room_key_absent", "not_room_member", "key_version_not_allowed", "device_not_enrolled"];
    const states = reasons.map((reason) => afterFailedFetch(freshFetch, refused(reason), 1000));
    expect(states.map(({ notBefore }) => notBefore)).toEqual(reasons.map(() => 61_000));
    expect(states.map(({ reason }) => reason)).toEqual([
      "version_expired",
      "after_you_left",
      "before_you_joined",
      "device_not_enrolled",
    ]);
    expect(states.map(({ reason }) => isHidden(reason))).toEqual([false, true, true, false]);
  });

  test("a key that came and is of no use counts as a refusal, with its own reason", () => {
    const state = afterFailedFetch(afterInvalid(freshFetch), new UnusableKey("corrupt"), 1000);
    expect(state).toEqual({ ...freshFetch, notBefore: 61_000, reason: "corrupt" });
  });

  // R76
  test("silence pauses for 1, 2, 5, then 15 seconds, and a refusal starts the row anew", () => {
    let state = freshFetch;
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      state = afterFailedFetch(state, unanswered, 0);
      pauses.push(state.notBefore);
    }
    expect(pauses).toEqual([1000, 2000, 5000, 15_000, 15_000, 15_000]);
    const again = afterFailedFetch(afterFailedFetch(state, refused("room_key_absent"), 0), unanswered, 0);
    expect(again.notBefore).toBe(1000);
  });

  test("a home site that is away is told apart from a key that is late", () => {
    const away = new ParleyError("away", { code: "unavailable", reason: "home_site_unreachable" });
    expect(afterFailedFetch(freshFetch, away, 0).reason).toBe("home_site_unreachable");
    expect(afterFailedFetch(freshFetch, unanswered, 0).reason).toBe("key_pending");
    expect(afterFailedFetch(freshFetch, new Error("store"), 0).reason).toBe("key_pending");
  });
});

test("a key that was just fetched is not fetched again for a body it does not open", () => {
  expect(isWorthRefetch(undefined, 0)).toBe(true);
  expect(isWorthRefetch(afterFetch(1000), 2000)).toBe(false);
  expect(isWorthRefetch(afterFetch(1000), 61_001)).toBe(true);
});
