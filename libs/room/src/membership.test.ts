import { describe, expect, it } from "vitest";

import {
  add,
  agent,
  ann,
  bob,
  bot,
  cat,
  createChannel,
  createDirect,
  happening,
  org,
  remove,
  removeOrg,
  roomAfter,
} from "../test/fixtures.ts";
import { countsOf, lostAccess, participatingSites, roomViewOf, subscriptionViewOf } from "./membership.ts";

const room = roomAfter(createChannel({ users: [bob, bot], orgs: [org("eng")] }));
const accountsLost = (after: typeof room) => lostAccess(room, after).map(({ account }) => account);

describe("membership", () => {
  it("is lost by those who are in neither by name nor through an org", () => {
    expect(accountsLost(happening(room, removeOrg("ann", "eng")).state)).toEqual(["cat"]);
    expect(accountsLost(happening(room, remove("ann", "bot")).state)).toEqual(["bot"]);
    expect(accountsLost(happening(room, remove("ann", "bob")).state)).toEqual([]);
    expect(accountsLost(happening(room, add("ann", { users: [agent("tool")] })).state)).toEqual([]);
  });

  it("makes the home sites of members participate, each once", () => {
    expect(participatingSites(room)).toEqual(["site-a", "site-b"]);
    expect(participatingSites(roomAfter(createChannel({ users: [cat] })))).toEqual(["site-a"]);
  });

  it("counts people and agents as members, and agents apart", () => {
    expect(countsOf(room)).toEqual({ memberCount: 4, agentCount: 1 });
  });
});

describe("the view of a room", () => {
  it("is the same for every member of a channel", () => {
    const { siteId, roomId, createdAt } = room;
    expect(roomViewOf(room, "bob")).toEqual({
      roomId,
      siteId,
      type: "channel",
      name: "Plans",
      memberCount: 4,
      agentCount: 1,
      keyVersion: 0,
      createdAt,
      revision: 1,
      settings: { restricted: false, externalAccess: true },
    });
    expect(roomViewOf({ ...room, closed: true }, "bob").closed).toBe(true);
  });

  it("calls a direct message by the account of the other one", () => {
    const direct = roomAfter(createDirect(ann, bob));
    expect(roomViewOf(direct, "ann").name).toBe("bob");
    expect(roomViewOf(direct, "bob").name).toBe("ann");
  });
});

describe("the view of a membership", () => {
  it("holds the member's entry and what the member set", () => {
    const state = happening(room, add("ann", { users: [agent("tool")] })).state;
    const tool = state.members.get("tool");
    if (!tool) throw new Error("the tool was added");
    const entry = { role: "member", individual: true, viaOrgs: [], joinedAt: state.at, keyFrom: 0 };
    expect(subscriptionViewOf(tool)).toStrictEqual({
      ...entry,
      historySharedSince: state.at,
      muted: false,
      favourite: false,
    });
    const { historySharedSince: _, ...unlimited } = tool;
    expect(subscriptionViewOf(unlimited, { muted: true, favourite: false, lastSeenAt: 7 })).toStrictEqual({
      ...entry,
      muted: true,
      favourite: false,
      lastSeenAt: 7,
    });
  });
});
