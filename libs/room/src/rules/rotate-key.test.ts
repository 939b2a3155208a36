import { LIMITS } from "@parley/contract/limits";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { bob, createChannel, happening, refusalOf, roomAfter, rotate } from "../../test/fixtures.ts";
import { decide } from "../decide.ts";

const room = roomAfter(createChannel({ users: [bob] }));

describe("rotating a key", () => {
  it("raises the version by one, for a caller who is no member", () => {
    const { event, state } = happening(room, rotate(0));
    expect(event.data).toEqual({ reason: "lost", rekey: { from: 0, to: 1 } });
    expect(event.actor).toEqual({ account: "system", kind: "system" });
    expect(state.keyVersion).toBe(1);
    expect(state.rosterHash).toBe(room.rosterHash);
  });

  // R56
  it("happens once per version, however many ask", () => {
    const first = rotate(0);
    const rotated = happening(room, first).state;
    expect(decide(rotated, first)).toEqual({ outcome: "repeat", revision: 2 });
    expect(decide(rotated, { ...first, reason: "requested" })).toEqual({ outcome: "repeat", revision: 2 });
    expect(decide(rotated, rotate(0))).toEqual({ outcome: "unchanged" });
    expect(happening(rotated, rotate(1)).state.keyVersion).toBe(2);
  });

  // R124
  it("happens for revoked devices once in ten minutes, whatever rotated the key meanwhile", () => {
    const first = happening(room, rotate(0, "due"));
    const rotatedAt = first.event.at;
    expect(first.event.data).toEqual({ reason: "due", rekey: { from: 0, to: 1 } });
    expect(first.state.dueRotatedAt).toBe(rotatedAt);
    const since = (ms: number, version = 1) => ({ ...rotate(version, "due"), at: rotatedAt + ms });
    expect(decide(first.state, since(LIMITS.dueRotationPauseMs - 1))).toEqual({ outcome: "unchanged" });
    const lost = happening(first.state, { ...rotate(1), at: rotatedAt + 1 }).state;
    expect(lost.dueRotatedAt).toBe(rotatedAt);
    expect(decide(lost, since(LIMITS.dueRotationPauseMs - 1, 2))).toEqual({ outcome: "unchanged" });
    const second = happening(lost, since(LIMITS.dueRotationPauseMs, 2));
    expect(second.event.data).toEqual({ reason: "due", rekey: { from: 2, to: 3 } });
    expect(second.state.dueRotatedAt).toBe(rotatedAt + LIMITS.dueRotationPauseMs);
  });

  // R124
  it("leaves ten minutes between two rotations for revoked devices, and no more, in whatever order", () => {
    const wait = fc.integer({ min: 0, max: LIMITS.dueRotationPauseMs });
    const asking = fc.record({ wait, reason: fc.constantFrom("lost" as const, "due" as const) });
    fc.assert(
      fc.property(fc.array(asking, { maxLength: 12 }), (asked) => {
        let state = room;
        let at = room.at;
        let lastDueAt: number | undefined;
        for (const { wait: waitedMs, reason } of asked) {
          at += waitedMs;
          const decision = decide(state, { ...rotate(state.keyVersion, reason), at });
          const paused = lastDueAt !== undefined && at - lastDueAt < LIMITS.dueRotationPauseMs;
          expect(decision.outcome).toBe(reason === "due" && paused ? "unchanged" : "event");
          if (decision.outcome !== "event") continue;
          state = decision.state;
          if (reason === "due") lastDueAt = at;
          expect(state.dueRotatedAt).toBe(lastDueAt);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("is refused for a room that does not exist and a version to come", () => {
    expect(refusalOf(undefined, rotate(0))).toEqual({ reason: "room_not_found" });
    expect(refusalOf(room, rotate(1))).toMatchObject({ reason: "invalid_request" });
  });
});
