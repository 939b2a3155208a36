import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";
import { describe, expect, it } from "vitest";

import { createRequestLimits } from "./request-limits.ts";

const reasonOf = (call: () => unknown): string => {
  try {
    call();
    return "none";
  } catch (error) {
    if (error instanceof Failure) return error.reason;
    throw error;
  }
};

const share = { most: 2, beyond: "rate_limited", by: "account_in_flight" } as const;

describe("places", () => {
  // R115
  it("are as many as the process has, and no owner holds more than its share", () => {
    const limits = createRequestLimits({ maxInFlight: 3 });
    const leave = limits.enter("ann", share);
    limits.enter("ann", share);

    expect(reasonOf(() => limits.enter("ann", share))).toBe("rate_limited");
    limits.enter("bob", share);
    expect(reasonOf(() => limits.enter("cat", share))).toBe("overloaded");
    leave();
    expect(reasonOf(() => limits.enter("ann", share))).toBe("none");
    expect(limits.inFlight()).toBe(3);
  });
});

describe("the command rate", () => {
  // R115
  it("lets a burst through, then as many as the seconds that pass allow", () => {
    let at = 0;
    const limits = createRequestLimits({ maxInFlight: 1, now: () => at });
    const command = (): string => reasonOf(() => limits.command("ann"));

    for (let count = 0; count < LIMITS.commandBurstPerAccount; count += 1) expect(command()).toBe("none");
    expect(command()).toBe("rate_limited");
    expect(reasonOf(() => limits.command("bob"))).toBe("none");
    at += 1000;
    for (let count = 0; count < LIMITS.commandsPerSecondPerAccount; count += 1)
      expect(command()).toBe("none");
    expect(command()).toBe("rate_limited");
  });

  it("says when the next one is taken", () => {
    let at = 0;
    const limits = createRequestLimits({ maxInFlight: 1, now: () => at });
    for (let count = 0; count < LIMITS.commandBurstPerAccount; count += 1) limits.command("ann");

    try {
      limits.command("ann");
      expect.unreachable();
    } catch (error) {
      at += Number((error as Failure).metadata?.["retryAfterMs"]);
    }
    expect(reasonOf(() => limits.command("ann"))).toBe("none");
  });
});
