import { describe, expect, it } from "vitest";

import {
  add,
  agent,
  ann,
  bob,
  bot,
  cat,
  close,
  createChannel,
  createDirect,
  dan,
  happening,
  org,
  person,
  refusalOf,
  restrict,
  roomAfter,
  setRole,
} from "../../test/fixtures.ts";
import { decide } from "../decide.ts";

/** Five people: ann who owns it, bob and eve by name, cat and dan through tech; and an agent. */
const eve = person("eve");
const room = roomAfter(createChannel({ users: [bob, eve, bot], orgs: [org("tech")] }));
const restricted = happening(room, restrict({ ownerAccount: "bob" })).state;

const ownersOf = ({ members }: typeof room): string[] =>
  [...members.values()].filter(({ role }) => role === "owner").map(({ account }) => account);

describe("restricting a room", () => {
  it("makes the named account its only owner, and changes neither key nor presence", () => {
    const owners = happening(room, setRole("ann", "eve", "owner")).state;
    const { event, state } = happening(owners, restrict({ ownerAccount: "bob", externalAccess: false }));
    expect(event).toMatchObject({
      type: "room_restricted",
      data: { restricted: true, externalAccess: false, owner: "bob", demoted: ["ann", "eve"] },
    });
    expect(state.settings).toEqual({ restricted: true, externalAccess: false });
    expect(ownersOf(state)).toEqual(["bob"]);
    expect([state.members.size, state.keyVersion]).toEqual([room.members.size, 0]);
  });

  it("keeps an owner who is named", () => {
    const { event, state } = happening(room, restrict({ ownerAccount: "ann" }));
    expect(event.data).toMatchObject({ owner: "ann", demoted: [] });
    expect(ownersOf(state)).toEqual(["ann"]);
  });

  it("is a directory admin's right alone, asked for before anything else of the room", () => {
    const direct = roomAfter(createDirect(ann, cat));
    for (const state of [room, direct, roomAfter(createChannel({}), close("ann"))])
      expect(refusalOf(state, restrict({ isAdmin: false }, "ann"))).toEqual({ reason: "admin_required" });
    expect(happening(room, restrict({ ownerAccount: "bob" }, "cat")).event.actor.account).toBe("cat");
  });

  // R36
  it("reads alike for outsiders whether the room exists or not, also for admins where it does not", () => {
    const outsider = { reason: "not_room_member" };
    expect(refusalOf(room, restrict({ isAdmin: false }))).toEqual(outsider);
    expect(refusalOf(undefined, restrict({ isAdmin: false }))).toEqual(outsider);
    expect(refusalOf(undefined, restrict({}))).toEqual(outsider);
  });

  it("needs a channel that is open", () => {
    expect(refusalOf(roomAfter(createDirect(ann, cat)), restrict({}))).toEqual({
      reason: "non_channel_operation",
    });
    expect(refusalOf(roomAfter(createChannel({}), close("ann")), restrict({}))).toEqual({
      reason: "room_closed",
    });
  });

  it("takes an owner who is in the room by name", () => {
    expect(refusalOf(room, restrict({}))).toMatchObject({ reason: "invalid_request" });
    for (const account of ["nobody", "cat"])
      expect(refusalOf(room, restrict({ ownerAccount: account }))).toEqual({
        reason: "target_not_member",
        metadata: { account },
      });
  });

  it("takes five people, whom agents do not make, and looks at its owner first", () => {
    const small = roomAfter(createChannel({ users: [bob, cat, dan, bot, agent("helper")] }));
    expect(refusalOf(small, restrict({ ownerAccount: "bob" }))).toEqual({
      reason: "room_too_small",
      metadata: { min: 5 },
    });
    expect(refusalOf(small, restrict({ ownerAccount: "eve" }))).toMatchObject({
      reason: "target_not_member",
    });
    const enough = happening(small, add("ann", { users: [eve] })).state;
    expect(happening(enough, restrict({ ownerAccount: "bob" })).state.settings.restricted).toBe(true);
  });
});

describe("a restricted room", () => {
  it("lets only its owner add", () => {
    const fay = person("fay");
    for (const caller of ["ann", "cat"])
      expect(refusalOf(restricted, add(caller, { users: [fay] }))).toEqual({ reason: "not_room_owner" });
    expect(happening(restricted, add("bob", { users: [fay] })).state.members.has("fay")).toBe(true);
    expect(happening(room, add("cat", { users: [fay] })).state.members.has("fay")).toBe(true);
  });

  it("changes nothing when it is asked for as it is", () => {
    expect(decide(restricted, restrict({}))).toEqual({ outcome: "unchanged" });
    expect(decide(restricted, restrict({ ownerAccount: "bob" }))).toEqual({ outcome: "unchanged" });
    expect(decide(room, restrict({ restricted: false }))).toEqual({ outcome: "unchanged" });
  });

  it("is given another only owner however small it is", () => {
    const alone = { ...restricted, members: new Map([...restricted.members].slice(0, 3)) };
    expect(decide(alone, restrict({ ownerAccount: "bob" }))).toEqual({ outcome: "unchanged" });
    const { event, state } = happening(restricted, restrict({ ownerAccount: "eve" }));
    expect(event.data).toMatchObject({ owner: "eve", demoted: ["bob"] });
    expect(ownersOf(state)).toEqual(["eve"]);
    const two = happening(restricted, setRole("bob", "ann", "owner")).state;
    expect(ownersOf(happening(two, restrict({ ownerAccount: "bob" })).state)).toEqual(["bob"]);
  });

  it("is opened to all again, its owner staying one", () => {
    const { event, state } = happening(restricted, restrict({ restricted: false }));
    expect(event.data).toEqual({ restricted: false, externalAccess: true, demoted: [] });
    expect(state.settings).toEqual({ restricted: false, externalAccess: true });
    expect(ownersOf(state)).toEqual(["bob"]);
    expect(refusalOf(restricted, restrict({ restricted: false, ownerAccount: "bob" }))).toMatchObject({
      reason: "invalid_request",
    });
  });
});

describe("a room without external access", () => {
  const far = person("far", { siteId: "site-b" });

  // R35
  it("keeps its members of other sites and takes no more of them, restricted or not", () => {
    const closedToOthers = [
      happening(room, restrict({ restricted: false, externalAccess: false })).state,
      happening(room, restrict({ ownerAccount: "ann", externalAccess: false })).state,
    ];
    for (const state of closedToOthers) {
      expect(state.members.has("bob")).toBe(true);
      expect(refusalOf(state, add("ann", { users: [far, person("near")] }))).toEqual({
        reason: "external_access_disabled",
        metadata: { accounts: ["far"] },
      });
      expect(happening(state, add("ann", { users: [person("near")] })).state.members.has("near")).toBe(true);
    }
    expect(happening(restricted, add("bob", { users: [far] })).state.members.has("far")).toBe(true);
  });

  it("opens to other sites again when it is asked for with external access", () => {
    const { state } = happening(
      happening(room, restrict({ restricted: false, externalAccess: false })).state,
      restrict({ restricted: false }),
    );
    expect(happening(state, add("ann", { users: [far] })).state.members.has("far")).toBe(true);
  });
});
