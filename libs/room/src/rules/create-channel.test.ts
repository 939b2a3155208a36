import { describe, expect, it } from "vitest";

import {
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
  roomAfter,
} from "../../test/fixtures.ts";
import { decide } from "../decide.ts";

const who = ({ account, userId, siteId, kind }: typeof ann) => ({ account, userId, siteId, kind });
const orgsNamed = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    org(`org${index}`, [person(`p${index}`, { sectId: `org${index}` })]),
  );

describe("creating a channel", () => {
  it("makes the creator the owner and takes the named ones and the people of orgs in, each once", () => {
    const { event, state } = happening(undefined, createChannel({ users: [cat, bot], orgs: [org("eng")] }));
    const common = { joinedAt: event.at, keyFrom: 0 };
    expect([...state.members.values()]).toEqual([
      { ...who(ann), role: "owner", individual: true, viaOrgs: [], ...common },
      { ...who(cat), role: "member", individual: true, viaOrgs: ["eng"], ...common },
      { ...who(bot), role: "member", individual: true, viaOrgs: [], ...common },
      { ...who(bob), role: "member", individual: false, viaOrgs: ["eng"], ...common },
    ]);
    expect(event).toMatchObject({
      type: "room_created",
      revision: 1,
      prev: "",
      data: {
        roomType: "channel",
        name: "Plans",
        orgs: [{ orgId: "eng", name: "The eng" }],
        settings: { restricted: false, externalAccess: true },
        keyVersion: 0,
      },
    });
  });

  // R18
  it("needs nobody else", () => {
    expect([...roomAfter(createChannel({})).members.keys()]).toEqual(["ann"]);
  });

  it("counts somebody in two of the orgs once, through both", () => {
    const state = roomAfter(createChannel({ orgs: [org("tech"), org("eng")] }));
    expect([...state.members.keys()]).toEqual(["ann", "cat", "dan", "bob"]);
    expect(state.members.get("cat")?.viaOrgs).toEqual(["eng", "tech"]);
  });

  it("keeps the creator named and the owner although an org would bring them in", () => {
    const creator = person("ann", { sectId: "eng" });
    const state = roomAfter(
      createChannel({ users: [creator], orgs: [org("eng", [creator, bob])] }, { creator }),
    );
    expect([...state.members.keys()]).toEqual(["ann", "bob"]);
    expect(state.members.get("ann")).toMatchObject({ role: "owner", individual: true, viaOrgs: ["eng"] });
  });

  it("drops the caller and duplicates among the named", () => {
    const state = roomAfter(createChannel({ users: [bob, ann, bob] }));
    expect([...state.members.keys()]).toEqual(["ann", "bob"]);
  });

  it("needs a name", () => {
    expect(refusalOf(undefined, createChannel({ users: [bob] }, { name: "" }))).toEqual({
      reason: "invalid_request",
      metadata: { issues: [{ path: "name", message: "a channel needs a name" }] },
    });
  });

  // R10
  it("returns the first outcome however late, when even the room has forgotten the request", () => {
    const command = createChannel({ users: [bob] });
    const forgetful = { ...roomAfter(command), recentRequests: [] };
    expect(decide(roomAfter(command), command)).toEqual({ outcome: "repeat", revision: 1 });
    expect(decide(forgetful, { ...command, found: { users: [], missing: ["bob"], orgs: [] } })).toEqual({
      outcome: "repeat",
      revision: 1,
    });
  });

  it("refuses a room id that belongs to another creation", () => {
    const state = roomAfter(createChannel({}));
    expect(refusalOf(state, createChannel({}))).toEqual({ reason: "room_conflict" });
  });

  // R20
  it("names every empty org, before any account", () => {
    const gone = person("eve", { enabled: false, sectId: "old" });
    const orgs = [
      org("none"),
      org("eng"),
      org("old", [gone]),
      org("bots", [agent("b1", { sectId: "bots" })]),
    ];
    expect(refusalOf(undefined, createChannel({ users: [gone], missing: ["zed"], orgs }))).toEqual({
      reason: "invalid_org",
      metadata: { orgs: ["none", "old", "bots"] },
    });
  });

  it("names every account that is unknown or disabled, before disabled agents", () => {
    const gone = person("eve", { enabled: false });
    const off = agent("off", { enabled: false });
    expect(refusalOf(undefined, createChannel({ users: [off, gone, bob], missing: ["zed"] }))).toEqual({
      reason: "user_not_found",
      metadata: { accounts: ["zed", "eve"] },
    });
    expect(refusalOf(undefined, createChannel({ users: [off, bob] }))).toEqual({
      reason: "agent_not_available",
      metadata: { accounts: ["off"] },
    });
  });

  it("takes no account of a site that is no peer, named or through an org, and says so before sizes", () => {
    const far = person("far", { siteId: "site-z", sectId: "abroad" });
    const limits = { ...LIMITS_OF_TESTS, maxBatchSize: 1, maxRoomSize: 2 };
    const strangers = { reason: "unknown_site", metadata: { accounts: ["far"] } };
    expect(refusalOf(undefined, createChannel({ users: [bob, far] }, { limits }))).toEqual(strangers);
    expect(refusalOf(undefined, createChannel({ orgs: [org("abroad", [far])] }, { limits }))).toEqual(
      strangers,
    );
  });

  // R24
  it("judges the batch, then the orgs, then the size of the room, which counts the creator", () => {
    const users = [bob, cat, dan];
    const tooBig = { ...LIMITS_OF_TESTS, maxBatchSize: 2, maxRoomSize: 2 };
    expect(refusalOf(undefined, createChannel({ users, orgs: orgsNamed(101) }, { limits: tooBig }))).toEqual({
      reason: "batch_too_large",
      metadata: { max: 2, attempted: 104 },
    });
    const small = { ...LIMITS_OF_TESTS, maxRoomSize: 3 };
    expect(refusalOf(undefined, createChannel({ users, orgs: orgsNamed(101) }, { limits: small }))).toEqual({
      reason: "too_many_orgs",
      metadata: { max: 100 },
    });
    expect(refusalOf(undefined, createChannel({ users }, { limits: small }))).toEqual({
      reason: "max_room_size_reached",
      metadata: { maxRoomSize: 3, attempted: 4 },
    });
    const exact = { ...LIMITS_OF_TESTS, maxBatchSize: 3, maxRoomSize: 4 };
    expect(roomAfter(createChannel({ users }, { limits: exact })).members.size).toBe(4);
  });
});
