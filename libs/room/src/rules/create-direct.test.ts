import { describe, expect, it } from "vitest";

import { directRoomIdOf } from "@parley/contract/ids";

import {
  ann,
  bob,
  bot,
  cat,
  createChannel,
  createDirect,
  happening,
  person,
  refusalOf,
  roomAfter,
} from "../../test/fixtures.ts";
import { decide } from "../decide.ts";

const disabled = <T extends typeof ann>(account: T): T => ({ ...account, enabled: false });

describe("opening a direct message", () => {
  it("makes both plain individual members of a nameless room", () => {
    const { event, state } = happening(undefined, createDirect(ann, bob));
    expect(state).toMatchObject({ type: "dm", name: "", roomId: directRoomIdOf([bob.userId, ann.userId]) });
    const common = { role: "member", individual: true, viaOrgs: [], joinedAt: event.at, keyFrom: 0 };
    expect([...state.members.values()]).toEqual([
      { account: "ann", userId: ann.userId, siteId: "site-a", kind: "person", ...common },
      { account: "bob", userId: bob.userId, siteId: "site-b", kind: "person", ...common },
    ]);
  });

  it("is an agentDm if either is an agent", () => {
    expect(roomAfter(createDirect(ann, bot)).type).toBe("agentDm");
    expect(roomAfter(createDirect(bot, ann)).type).toBe("agentDm");
  });

  // R16
  it("meets the room that the other side opened", () => {
    expect(decide(roomAfter(createDirect(bob, ann)), createDirect(ann, bob))).toEqual({ outcome: "exists" });
  });

  // R17
  it("meets an existing room before availability is looked at", () => {
    const room = roomAfter(createDirect(ann, bot));
    expect(decide(room, createDirect(ann, disabled(bot)))).toEqual({ outcome: "exists" });
    const strange = createDirect(ann, { ...bot, siteId: "site-z" });
    expect(decide(room, strange)).toEqual({ outcome: "exists" });
  });

  it("returns the first outcome to the request that opened it", () => {
    const command = createDirect(ann, bob);
    expect(decide(roomAfter(command), command)).toEqual({ outcome: "repeat", revision: 1 });
  });

  it("refuses a room of another pair or of another type", () => {
    const room = roomAfter(createDirect(ann, bob));
    expect(refusalOf(room, createDirect(ann, cat))).toEqual({ reason: "room_conflict" });
    expect(refusalOf(room, createDirect(ann, { ...bob, userId: "x".repeat(17) }))).toEqual({
      reason: "room_conflict",
    });
    expect(refusalOf(room, createDirect(ann, { ...bob, kind: "agent" }))).toEqual({
      reason: "room_conflict",
    });
    const channel = roomAfter(createChannel({ users: [bob] }));
    expect(refusalOf(channel, createDirect(ann, bob))).toEqual({ reason: "room_conflict" });
  });

  it("opens none with a disabled account", () => {
    expect(refusalOf(undefined, createDirect(ann, disabled(bot)))).toEqual({
      reason: "agent_not_available",
      metadata: { accounts: ["bot"] },
    });
    expect(refusalOf(undefined, createDirect(ann, disabled(bob)))).toEqual({
      reason: "user_not_found",
      metadata: { accounts: ["bob"] },
    });
  });

  // R18
  it("opens none with a site that is no peer, nor with oneself", () => {
    expect(refusalOf(undefined, createDirect(ann, person("far", { siteId: "site-z" })))).toEqual({
      reason: "unknown_site",
      metadata: { accounts: ["far"] },
    });
    expect(refusalOf(undefined, createDirect(ann, ann))).toEqual({ reason: "self_dm" });
  });
});
