import { describe, expect, it } from "vitest";

import {
  add,
  agent,
  ann,
  bob,
  bot,
  cat,
  createChannel,
  dan,
  happening,
  LIMITS_OF_TESTS,
  org,
  person,
  refusalOf,
  remove,
  roomAfter,
  rotate,
  setPolicy,
} from "../../test/fixtures.ts";
import type { RoomCommand } from "../command.ts";
import { decide } from "../decide.ts";
import type { RoomState } from "../state.ts";

/** What the `members_added` that must follow says. */
function additionOf(state: RoomState, command: RoomCommand) {
  const { event } = happening(state, command);
  if (event.type !== "members_added") throw new Error(`unexpected ${event.type}`);
  return event.data;
}

const room = roomAfter(createChannel({ users: [bob] }));
const withEng = roomAfter(createChannel({ orgs: [org("eng")] }));

describe("adding members", () => {
  it("takes the named, agents included, and the people of orgs in as members", () => {
    const { added, updated, orgs, source } = additionOf(
      room,
      add("bob", { users: [dan, bot, dan], orgs: [org("tech")] }),
    );
    expect(
      added.map(({ account, role, individual, viaOrgs }) => [account, role, individual, viaOrgs]),
    ).toEqual([
      ["dan", "member", true, ["tech"]],
      ["bot", "member", true, []],
      ["cat", "member", false, ["tech"]],
    ]);
    expect(updated).toEqual([]);
    expect(orgs).toEqual([{ orgId: "tech", name: "The tech" }]);
    expect(source).toEqual({ users: 2, orgs: 1, channels: 0 });
  });

  it("puts a named newcomer into the orgs of the room that they belong to", () => {
    const ned = person("ned", { sectId: "eng", deptId: "elsewhere" });
    expect(additionOf(withEng, add("ann", { users: [ned] })).added[0]).toMatchObject({
      individual: true,
      viaOrgs: ["eng"],
    });
  });

  // R29
  it("keeps the key and shows newcomers nothing from before unless asked to", () => {
    const rotated = happening(room, rotate(0)).state;
    const { event, state } = happening(rotated, add("ann", { users: [cat] }));
    expect(state.keyVersion).toBe(1);
    expect(state.members.get("cat")).toMatchObject({ historySharedSince: event.at, keyFrom: 1 });
  });

  // R29
  it("shares all of an unlimited member's history, and only the part a limited member sees", () => {
    const rotated = happening(room, rotate(0)).state;
    const open = happening(rotated, add("ann", { users: [cat] }, { history: "all" })).state;
    expect(open.members.get("cat")).toMatchObject({ keyFrom: 0 });
    expect(open.members.get("cat")).not.toHaveProperty("historySharedSince");

    const limited = happening(rotated, add("ann", { users: [cat] })).state;
    const { historySharedSince, keyFrom } = limited.members.get("cat") ?? {};
    const later = happening(
      happening(limited, rotate(1)).state,
      add("cat", { users: [dan] }, { history: "all" }),
    );
    expect(later.state.members.get("dan")).toMatchObject({ historySharedSince, keyFrom });
    expect(later.state.keyVersion).toBe(2);
  });

  // R25
  it("adds an org of existing individuals without a second membership", () => {
    const state = roomAfter(createChannel({ users: [bob, cat] }));
    const { added, updated, orgs } = additionOf(state, add("ann", { orgs: [org("eng")] }));
    expect(added).toEqual([]);
    expect(updated).toEqual([
      { account: "bob", individual: true, viaOrgs: ["eng"] },
      { account: "cat", individual: true, viaOrgs: ["eng"] },
    ]);
    expect(orgs).toEqual([{ orgId: "eng", name: "The eng" }]);
  });

  // R26
  it("only makes an org's member individual when they are named", () => {
    const { added, updated, orgs } = additionOf(withEng, add("ann", { users: [bob] }));
    expect({ added, orgs }).toEqual({ added: [], orgs: [] });
    expect(updated).toEqual([{ account: "bob", individual: true, viaOrgs: ["eng"] }]);
  });

  // R27
  it("adds those who joined an org since, and is unchanged when nobody did", () => {
    const again = add("bob", { orgs: [org("eng")] });
    expect(decide(withEng, again)).toEqual({ outcome: "unchanged" });
    const ned = person("ned", { sectId: "eng" });
    const grown = add("ann", { orgs: [org("eng", [bob, cat, ned])] });
    const { added, updated, orgs } = additionOf(withEng, grown);
    expect(added.map(({ account }) => account)).toEqual(["ned"]);
    expect({ updated, orgs }).toEqual({ updated: [], orgs: [] });
  });

  it("takes nothing from members whose directory entry changed", () => {
    const moved = { ...cat, sectId: "ops" };
    expect(decide(withEng, add("ann", { orgs: [org("eng", [bob])] }))).toEqual({ outcome: "unchanged" });
    expect(additionOf(withEng, add("ann", { orgs: [org("ops", [moved])] })).updated).toEqual([
      { account: "cat", individual: false, viaOrgs: ["eng", "ops"] },
    ]);
  });

  it("drops the caller from the named: nobody makes themselves individual, and they do not count", () => {
    expect(decide(withEng, add("bob", { users: [bob] }))).toEqual({ outcome: "unchanged" });
    const { updated, source } = additionOf(withEng, add("bob", { users: [bob, dan] }));
    expect({ updated, source }).toEqual({ updated: [], source: { users: 1, orgs: 0, channels: 0 } });
  });

  it("is unchanged when only the caller or individual members are named", () => {
    expect(decide(room, add("bob", { users: [bob] }))).toEqual({ outcome: "unchanged" });
    expect(decide(room, add("bob", { users: [ann, bob] }))).toEqual({ outcome: "unchanged" });
  });

  it("changes the key where joining does so, and gives newcomers nothing of the version before", () => {
    const policed = happening(room, setPolicy("ann", true)).state;
    const { event, state } = happening(policed, add("bob", { users: [cat, bot], orgs: [org("tech")] }));
    expect(event).toMatchObject({ type: "members_added", data: { rekey: { from: 0, to: 1 } } });
    expect(state.keyVersion).toBe(1);
    for (const account of ["cat", "bot", "dan"])
      expect(state.members.get(account)).toMatchObject({ historySharedSince: event.at, keyFrom: 1 });
    expect(state.members.get("bob")?.keyFrom).toBe(0);
  });

  it("changes the key on joining also when history is shared: its versions are then the caller's", () => {
    const policed = roomAfter(createChannel({ users: [bob] }), rotate(0), setPolicy("ann", true));
    const shared = happening(policed, add("ann", { users: [cat] }, { history: "all" })).state;
    expect(shared.keyVersion).toBe(2);
    expect(shared.members.get("cat")).toMatchObject({ keyFrom: 0 });
    const limited = happening(shared, add("ann", { users: [dan] })).state;
    const onward = happening(limited, add("dan", { users: [bot] }, { history: "all" })).state;
    expect(onward.keyVersion).toBe(4);
    expect(onward.members.get("bot")?.keyFrom).toBe(3);
  });

  it("keeps the key when nobody joins, policy or not", () => {
    const policed = happening(withEng, setPolicy("ann", true)).state;
    expect(additionOf(policed, add("ann", { users: [bob] }))).not.toHaveProperty("rekey");
    const emptyHanded = additionOf(policed, add("ann", { orgs: [org("tech", [cat])] }));
    expect(emptyHanded).toMatchObject({ added: [], orgs: [{ orgId: "tech" }] });
    expect(emptyHanded).not.toHaveProperty("rekey");
    expect(additionOf(withEng, add("ann", { users: [dan] }))).not.toHaveProperty("rekey");
  });

  // R62
  it("gives a rejoiner none of the keys of the gap", () => {
    const state = roomAfter(
      createChannel({ users: [bob] }),
      remove("ann", "bob"),
      rotate(1),
      add("ann", { users: [bob] }),
    );
    expect(state.members.get("bob")?.keyFrom).toBe(2);
  });
});

describe("adding members is refused", () => {
  it("while the room is restricted, to all but owners, before anything else", () => {
    const restricted = { ...room, settings: { restricted: true, externalAccess: true } };
    expect(refusalOf(restricted, add("bob", {}))).toEqual({ reason: "not_room_owner" });
    expect(happening(restricted, add("ann", { users: [cat] })).state.members.has("cat")).toBe(true);
  });

  // R20
  it("without an entry, or for an org or account that is not there; the org error wins", () => {
    expect(refusalOf(room, add("ann", {}))).toMatchObject({ reason: "invalid_request" });
    const gone = { ...dan, enabled: false };
    const off = agent("off", { enabled: false });
    expect(refusalOf(room, add("ann", { users: [gone], orgs: [org("none")] }))).toEqual({
      reason: "invalid_org",
      metadata: { orgs: ["none"] },
    });
    expect(refusalOf(room, add("ann", { users: [off, gone], missing: ["zed"] }))).toEqual({
      reason: "user_not_found",
      metadata: { accounts: ["zed", "dan"] },
    });
    expect(refusalOf(room, add("ann", { users: [off] }))).toEqual({
      reason: "agent_not_available",
      metadata: { accounts: ["off"] },
    });
  });

  it("for accounts of unknown sites, then of other sites when the room takes none", () => {
    const inward = { ...room, settings: { restricted: false, externalAccess: false } };
    const far = person("far", { siteId: "site-z" });
    const guest = person("guest", { siteId: "site-b" });
    expect(refusalOf(inward, add("ann", { users: [guest, far] }))).toEqual({
      reason: "unknown_site",
      metadata: { accounts: ["far"] },
    });
    expect(refusalOf(inward, add("ann", { users: [guest, bob] }))).toEqual({
      reason: "external_access_disabled",
      metadata: { accounts: ["guest"] },
    });
  });

  // R24
  it("when the batch, the orgs or the room get too large, in this order", () => {
    const small = { ...LIMITS_OF_TESTS, maxBatchSize: 2, maxRoomSize: 3 };
    expect(refusalOf(room, add("ann", { users: [bob, cat, dan] }, { limits: small }))).toEqual({
      reason: "batch_too_large",
      metadata: { max: 2, attempted: 3 },
    });
    const orgs = Array.from({ length: 100 }, (_, index) =>
      org(`o${index}`, [person("ned", { sectId: `o${index}` })]),
    );
    expect(refusalOf(withEng, add("ann", { orgs }, { limits: small }))).toEqual({
      reason: "too_many_orgs",
      metadata: { max: 100 },
    });
    expect(refusalOf(room, add("ann", { users: [cat, dan] }, { limits: small }))).toEqual({
      reason: "max_room_size_reached",
      metadata: { maxRoomSize: 3, attempted: 4, currentUserCount: 2 },
    });
    expect(happening(room, add("ann", { users: [cat] }, { limits: small })).state.members.size).toBe(3);
  });

  it("never for a full room that gains nobody", () => {
    const full = { ...LIMITS_OF_TESTS, maxRoomSize: 2 };
    const state = roomAfter(createChannel({ orgs: [org("eng")] }));
    expect(happening(state, add("ann", { users: [bob] }, { limits: full })).state.members.size).toBe(3);
  });
});
