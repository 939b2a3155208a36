import { describe, expect, test } from "vitest";

import { createPeerHealth } from "./peer-health.ts";

describe("the breaker of a peer", () => {
  test("opens at the second call in a row that is not answered, and says so once", () => {
    const health = createPeerHealth();
    expect(health.callTimedOut()).toBe(false);
    expect(health.isBlocked()).toBe(false);
    expect(health.callTimedOut()).toBe(true);
    expect(health.isBlocked()).toBe(true);
    expect(health.callTimedOut()).toBe(false);
  });

  test("stays closed when an answer comes between", () => {
    const health = createPeerHealth();
    health.callTimedOut();
    health.callAnswered();
    health.callTimedOut();
    expect(health.isBlocked()).toBe(false);
  });

  test("is closed by a ping alone, not by a late answer", () => {
    const health = createPeerHealth();
    health.callTimedOut();
    health.callTimedOut();
    health.callAnswered();
    expect(health.isBlocked()).toBe(true);
    health.pingMissed();
    expect(health.isBlocked()).toBe(true);
    health.pingAnswered();
    expect(health.isBlocked()).toBe(false);
    expect(health.callTimedOut()).toBe(false);
  });

  test("does not open because of missed pings", () => {
    const health = createPeerHealth();
    health.pingMissed();
    health.pingMissed();
    health.pingMissed();
    expect(health.isBlocked()).toBe(false);
  });
});

describe("a peer", () => {
  test("is neither up nor down before its first ping", () => {
    const health = createPeerHealth();
    expect([health.isUp(), health.isDown()]).toEqual([false, false]);
    expect(health.pingAnswered()).toBe(false);
    expect([health.isUp(), health.isDown()]).toEqual([true, false]);
  });

  test("is back when it answers a ping after it missed one", () => {
    const health = createPeerHealth();
    health.pingAnswered();
    health.pingMissed();
    health.pingMissed();
    expect([health.isUp(), health.isDown()]).toEqual([false, true]);
    expect(health.pingAnswered()).toBe(true);
    expect(health.pingAnswered()).toBe(false);
  });
});
