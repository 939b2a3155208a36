import { describe, expect, it } from "vitest";

import { userIdOf } from "@parley/contract/ids";
import { LIMITS } from "@parley/contract/limits";
import type { MemberEntry } from "@parley/contract/shapes";

import { bob, cat, createChannel, happening, org, roomAfter, setPolicy, T0 } from "../test/fixtures.ts";
import { LawBroken } from "./law-broken.ts";
import { rosterHashOf } from "./roster-hash.ts";
import { fromSnapshot, toSnapshot } from "./snapshot.ts";
import type { RoomState } from "./state.ts";

const room = roomAfter(createChannel({ users: [bob, cat], orgs: [org("eng")] }));

/** A text of exactly 64 bytes, told apart by its number. */
const longToken = (number: number): string => String(number).padStart(64, "a");

/** The largest room there may be: every token as long as it may get. */
function largestRoom(): RoomState {
  const members = Array.from({ length: 2000 }, (_, number): MemberEntry => ({
    account: longToken(number),
    userId: userIdOf(longToken(number)),
    siteId: "s".repeat(32),
    kind: "person",
    role: "member",
    individual: true,
    viaOrgs: [longToken(number % 100), longToken((number + 1) % 100)],
    joinedAt: T0,
    historySharedSince: T0,
    keyFrom: 10_000,
  }));
  const orgs = Array.from({ length: 100 }, (_, number) => longToken(number));
  return {
    ...room,
    siteId: "s".repeat(32),
    name: "\u{1F600}".repeat(100),
    members: new Map(members.map((entry) => [entry.account, entry])),
    rosterHash: rosterHashOf(members),
    orgs: new Map(orgs.map((orgId) => [orgId, { addedAt: T0, name: "\u{1F600}".repeat(100) }])),
  };
}

describe("a snapshot", () => {
  it("is plain JSON that gives the same room back", () => {
    expect(fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(room))))).toStrictEqual(room);
    const closed = { ...room, closed: true, dueRotatedAt: T0 };
    expect(fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(closed))))).toStrictEqual(closed);
    const policed = { ...room, settings: { ...room.settings, rekeyOnJoin: true as const } };
    expect(fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(policed))))).toStrictEqual(policed);
  });

  it("from before there was a join policy is that of a room without one", () => {
    const { settings } = toSnapshot(room).state;
    expect(settings).toStrictEqual({ restricted: false, externalAccess: true });
    const policed = happening(fromSnapshot(toSnapshot(room)), setPolicy("ann", true)).state;
    expect(policed.settings).toEqual({ ...settings, rekeyOnJoin: true });
  });

  it("of another site remembers no requests: only the home decides", () => {
    const { recentRequests, ...foreign } = toSnapshot(room);
    expect(recentRequests).toHaveLength(1);
    expect(fromSnapshot(foreign)).toStrictEqual({ ...room, recentRequests: [] });
  });

  it("is refused when its members are not those of its hash", () => {
    const snapshot = toSnapshot(room);
    const members = snapshot.state.members.filter(({ account }) => account !== "bob");
    expect(() => fromSnapshot({ ...snapshot, state: { ...snapshot.state, members } })).toThrow(LawBroken);
  });

  it("of the largest room fits one stored message", () => {
    const { recentRequests: _, ...snapshot } = toSnapshot(largestRoom());
    const bytes = new TextEncoder().encode(JSON.stringify({ v: 1, ...snapshot, repair: true })).length;
    expect(bytes).toBeLessThan(LIMITS.payloadBytesMin - LIMITS.eventMarginBytes);
    expect(bytes).toBeGreaterThan(800_000);
  });
});
