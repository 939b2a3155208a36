import { Failure } from "@parley/contract/failure";
import { describe, expect, it } from "vitest";

import {
  add,
  agent,
  ann,
  bob,
  cat,
  createChannel,
  createDirect,
  dan,
  happening,
  HOME,
  LIMITS_OF_TESTS,
  org,
  person,
  referred,
  refusalOf,
  roomAfter,
  setRole,
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
const eve = person("eve");
const refused = (roomId: string, reason: "not_room_member" | "home_site_unreachable") => ({
  roomId,
  siteId: HOME,
  refused: new Failure(reason, { metadata: { roomId } }),
});

describe("a channel that a request refers to", () => {
  it("brings its individuals in as if named and its orgs as orgs", () => {
    const channels = [referred("one", { users: [dan, eve], orgs: [org("eng")] })];
    const { added, orgs } = additionOf(room, add("ann", { channels }));
    expect(added.map(({ account, individual, viaOrgs }) => [account, individual, viaOrgs])).toEqual([
      ["dan", true, []],
      ["eve", true, []],
      ["cat", false, ["eng"]],
    ]);
    expect(orgs).toEqual([{ orgId: "eng", name: "The eng" }]);
  });

  it("does so when a channel is created, which may take nobody else in", () => {
    const channels = [referred("one", { users: [ann, dan], orgs: [org("eng")] })];
    const { state } = happening(undefined, createChannel({ channels }));
    expect([...state.members.keys()]).toEqual(["ann", "dan", "bob", "cat"]);
    expect([...state.orgs.keys()]).toEqual(["eng"]);
    expect([...roomAfter(createChannel({ channels: [referred("one", {})] })).members.keys()]).toEqual([
      "ann",
    ]);
  });

  it("is counted once, and nobody it brings in counts as named", () => {
    const channels = [
      referred("one", { users: [ann, dan, eve], orgs: [org("eng")] }),
      referred("two", { users: [eve] }),
      referred("one", { users: [ann, dan, eve], orgs: [org("eng")] }),
    ];
    const { added, source } = additionOf(room, add("ann", { users: [ann, eve], channels }));
    expect(source).toEqual({ users: 1, orgs: 0, channels: 2 });
    expect(added.map(({ account }) => account)).toEqual(["eve", "dan", "cat"]);
  });

  it("adds nothing when everybody in it is there already", () => {
    const channels = [referred("one", { users: [ann, bob] })];
    expect(decide(room, add("ann", { channels }))).toEqual({ outcome: "unchanged" });
  });

  // R28
  it("refuses all of the request when it is refused itself, the first named before every other", () => {
    const channels = [
      referred("one", { users: [dan] }),
      refused("two", "not_room_member"),
      refused("three", "home_site_unreachable"),
    ];
    const notIn = { reason: "not_room_member", metadata: { roomId: "two" } };
    expect(refusalOf(room, add("ann", { channels, missing: ["nobody"], orgs: [org("none")] }))).toEqual(
      notIn,
    );
    expect(refusalOf(undefined, createChannel({ channels, missing: ["nobody"] }))).toEqual(notIn);
  });

  it("is looked at after the room it is named for", () => {
    const channels = [refused("two", "home_site_unreachable")];
    const direct = roomAfter(createDirect(ann, bob));
    expect(refusalOf(direct, add("ann", { channels }))).toEqual({ reason: "non_channel_operation" });
    expect(refusalOf(room, add("cat", { channels }))).toEqual({ reason: "not_room_member" });
    expect(refusalOf(room, add("ann", { channels }))).toMatchObject({ reason: "home_site_unreachable" });
    const before = add("ann", { users: [cat] });
    const repeated = { ...add("ann", { channels }), requestId: before.requestId };
    expect(decide(happening(room, before).state, repeated)).toEqual({ outcome: "repeat", revision: 2 });
  });

  it("has its people and orgs judged like those of the request, orgs first", () => {
    const off = person("off", { enabled: false });
    const channels = [referred("one", { users: [off], missing: ["gone"], orgs: [org("none")] })];
    expect(refusalOf(room, add("ann", { missing: ["nobody"], channels }))).toEqual({
      reason: "invalid_org",
      metadata: { orgs: ["none"] },
    });
    const people = [referred("one", { users: [off], missing: ["gone"] })];
    expect(refusalOf(room, add("ann", { missing: ["nobody"], channels: people }))).toEqual({
      reason: "user_not_found",
      metadata: { accounts: ["nobody", "gone", "off"] },
    });
  });

  it("counts towards the size of the request and of the room", () => {
    const channels = [referred("one", { users: [dan, eve] })];
    const small = { ...LIMITS_OF_TESTS, maxBatchSize: 2 };
    expect(refusalOf(room, add("ann", { users: [cat], channels }, { limits: small }))).toEqual({
      reason: "batch_too_large",
      metadata: { max: 2, attempted: 3 },
    });
    const narrow = { ...LIMITS_OF_TESTS, maxRoomSize: 3 };
    expect(refusalOf(room, add("ann", { channels }, { limits: narrow }))).toMatchObject({
      reason: "max_room_size_reached",
      metadata: { attempted: 4, currentUserCount: 2 },
    });
  });

  it("leaves a role and what an org covers alone", () => {
    const owners = roomAfter(
      createChannel({ users: [cat], orgs: [org("eng")] }),
      setRole("ann", "cat", "owner"),
    );
    const channels = [referred("one", { users: [cat, bob, agent("bo2")] })];
    const { updated } = additionOf(owners, add("ann", { channels }));
    expect(updated).toEqual([{ account: "bob", individual: true, viaOrgs: ["eng"] }]);
  });
});
