import { describe, expect, it } from "vitest";

import {
  bob,
  cat,
  createChannel,
  happening,
  org,
  person,
  refusalOf,
  remove,
  roomAfter,
  setRole,
} from "../../test/fixtures.ts";
import type { RoomCommand } from "../command.ts";
import type { RoomState } from "../state.ts";

/** What the `members_removed` that must follow says. */
function removalOf(state: RoomState, command: RoomCommand) {
  const { event } = happening(state, command);
  if (event.type !== "members_removed") throw new Error(`unexpected ${event.type}`);
  return event.data;
}

const room = roomAfter(createChannel({ users: [bob, cat] }));
/** Bob and Cat are in through eng, Cat and Dan through tech, Cat by name too. */
const withOrgs = roomAfter(createChannel({ users: [cat], orgs: [org("eng"), org("tech")] }));
const rekey = { from: 0, to: 1 };

describe("removing a member", () => {
  it("takes the member out and changes the key", () => {
    const { state } = happening(room, remove("ann", "bob"));
    expect(removalOf(room, remove("ann", "bob"))).toEqual({
      cause: "removed",
      account: "bob",
      removed: ["bob"],
      updated: [],
      rekey,
    });
    expect([...state.members.keys()]).toEqual(["ann", "cat"]);
    expect(state.keyVersion).toBe(1);
  });

  it("is called leaving when members do it themselves", () => {
    expect(removalOf(room, remove("bob", "bob"))).toMatchObject({ cause: "left", removed: ["bob"], rekey });
  });

  // R30
  it("leaves whom an org covers in the room as a plain member, with the key they have", () => {
    const owners = roomAfter(
      createChannel({ users: [cat], orgs: [org("eng")] }),
      setRole("ann", "cat", "owner"),
    );
    const expected = {
      account: "cat",
      removed: [],
      updated: [{ account: "cat", individual: false, viaOrgs: ["eng"], role: "member" }],
    };
    expect(removalOf(owners, remove("cat", "cat"))).toEqual({ cause: "left", ...expected });
    expect(removalOf(owners, remove("ann", "cat"))).toEqual({ cause: "removed", ...expected });
    expect(happening(owners, remove("cat", "cat")).state.keyVersion).toBe(0);
  });

  it("is an owner's right, also over other owners", () => {
    const owners = roomAfter(createChannel({ users: [bob, cat] }), setRole("ann", "bob", "owner"));
    expect(refusalOf(room, remove("bob", "cat"))).toEqual({ reason: "not_room_owner" });
    expect(refusalOf(room, remove("bob", "nobody"))).toEqual({ reason: "not_room_owner" });
    expect(removalOf(owners, remove("bob", "ann")).removed).toEqual(["ann"]);
  });

  // R33
  it("names who is no member, and the orgs through which somebody is one", () => {
    expect(refusalOf(room, remove("ann", "dan"))).toEqual({
      reason: "target_not_member",
      metadata: { account: "dan" },
    });
    const throughOrgs = { reason: "member_through_org", metadata: { orgs: ["eng"] } };
    expect(refusalOf(withOrgs, remove("ann", "bob"))).toEqual(throughOrgs);
    expect(refusalOf(withOrgs, remove("bob", "bob"))).toEqual(throughOrgs);
  });

  // R34
  it("keeps the last member and the last owner in, also when an org would keep the person", () => {
    const alone = roomAfter(createChannel({}));
    expect(refusalOf(alone, remove("ann", "ann"))).toEqual({ reason: "last_member_cannot_remove" });
    expect(refusalOf(room, remove("ann", "ann"))).toEqual({ reason: "last_owner_cannot_leave" });
    const creator = person("ann", { sectId: "eng" });
    const covered = roomAfter(createChannel({ orgs: [org("eng", [creator, bob])] }, { creator }));
    expect(refusalOf(covered, remove("ann", "ann"))).toEqual({ reason: "last_owner_cannot_leave" });
  });
});

describe("two last owners who leave at the same instant", () => {
  // R14
  it("cannot both succeed: the second decides on the room that the first left", () => {
    const owners = roomAfter(createChannel({ users: [bob, cat] }), setRole("ann", "bob", "owner"));
    const first = happening(owners, remove("ann", "ann")).state;
    expect(refusalOf(first, remove("bob", "bob"))).toEqual({ reason: "last_owner_cannot_leave" });
  });
});
