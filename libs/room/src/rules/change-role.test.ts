import { describe, expect, it } from "vitest";

import {
  bob,
  cat,
  createChannel,
  happening,
  org,
  refusalOf,
  roomAfter,
  setRole,
} from "../../test/fixtures.ts";

const room = roomAfter(createChannel({ users: [bob], orgs: [org("eng", [cat])] }));
const twoOwners = happening(room, setRole("ann", "bob", "owner")).state;

describe("changing a role", () => {
  it("makes a member an owner and an owner a member", () => {
    expect(happening(room, setRole("ann", "bob", "owner")).event.data).toEqual({
      account: "bob",
      from: "member",
      to: "owner",
    });
    expect(twoOwners.members.get("bob")?.role).toBe("owner");
    expect(happening(twoOwners, setRole("bob", "ann", "member")).state.members.get("ann")?.role).toBe(
      "member",
    );
  });

  // R34
  it("lets an owner step down while another stays", () => {
    expect(happening(twoOwners, setRole("ann", "ann", "member")).state.members.get("ann")?.role).toBe(
      "member",
    );
    expect(refusalOf(room, setRole("ann", "ann", "member"))).toEqual({ reason: "cannot_demote_last_owner" });
  });

  it("is an owner's right, asked for before the target is looked up", () => {
    expect(refusalOf(room, setRole("bob", "nobody", "owner"))).toEqual({ reason: "not_room_owner" });
    expect(refusalOf(room, setRole("ann", "nobody", "owner"))).toEqual({
      reason: "target_not_member",
      metadata: { account: "nobody" },
    });
  });

  // R34
  it("promotes nobody who is an owner or in only through orgs", () => {
    expect(refusalOf(twoOwners, setRole("ann", "bob", "owner"))).toEqual({ reason: "already_owner" });
    expect(refusalOf(room, setRole("ann", "cat", "owner"))).toEqual({
      reason: "promote_requires_individual",
      metadata: { account: "cat" },
    });
  });

  it("demotes nobody who is no owner", () => {
    expect(refusalOf(room, setRole("ann", "bob", "member"))).toEqual({ reason: "target_not_owner" });
  });
});
