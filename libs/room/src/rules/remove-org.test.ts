import { describe, expect, it } from "vitest";

import {
  cat,
  createChannel,
  dan,
  happening,
  org,
  refusalOf,
  removeOrg,
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

/** Bob and Cat are in through eng, Cat and Dan through tech, Cat by name too. */
const withOrgs = roomAfter(createChannel({ users: [cat], orgs: [org("eng"), org("tech")] }));
const rekey = { from: 0, to: 1 };

describe("removing an org", () => {
  // R32
  it("removes whoever is in through nothing else, and changes the key once for all of them", () => {
    const everybody = roomAfter(
      createChannel({ orgs: [org("eng"), org("ops", [{ ...dan, deptId: "ops" }])] }),
    );
    const { state } = happening(everybody, removeOrg("ann", "eng"));
    expect(removalOf(everybody, removeOrg("ann", "eng"))).toEqual({
      cause: "org_removed",
      orgId: "eng",
      orgName: "The eng",
      removed: ["bob", "cat"],
      updated: [],
      rekey,
    });
    expect([...state.members.keys()]).toEqual(["ann", "dan"]);
    expect([...state.orgs.keys()]).toEqual(["ops"]);
    expect(state.keyVersion).toBe(1);
  });

  it("keeps whoever is named or in another org of the room", () => {
    expect(removalOf(withOrgs, removeOrg("ann", "tech"))).toEqual({
      cause: "org_removed",
      orgId: "tech",
      orgName: "The tech",
      removed: ["dan"],
      updated: [{ account: "cat", individual: true, viaOrgs: ["eng"], role: "member" }],
      rekey,
    });
  });

  // R31
  it("drops one of two covering orgs without removing anybody or changing the key", () => {
    const twice = roomAfter(createChannel({ orgs: [org("eng", [cat]), org("tech", [cat])] }));
    const { event, state } = happening(twice, removeOrg("ann", "eng"));
    expect(event.data).toEqual({
      cause: "org_removed",
      orgId: "eng",
      orgName: "The eng",
      removed: [],
      updated: [{ account: "cat", individual: false, viaOrgs: ["tech"], role: "member" }],
    });
    expect([state.members.size, state.orgs.size, state.keyVersion]).toEqual([2, 1, 0]);
  });

  it("keeps an owner an owner", () => {
    const owned = roomAfter(
      createChannel({ users: [cat], orgs: [org("eng")] }),
      setRole("ann", "cat", "owner"),
    );
    expect(happening(owned, removeOrg("ann", "eng")).state.members.get("cat")).toMatchObject({
      role: "owner",
      individual: true,
      viaOrgs: [],
    });
  });

  it("is an owner's right, and needs the org in the room", () => {
    expect(refusalOf(withOrgs, removeOrg("cat", "none"))).toEqual({ reason: "not_room_owner" });
    expect(refusalOf(withOrgs, removeOrg("ann", "none"))).toEqual({
      reason: "invalid_org",
      metadata: { orgs: ["none"] },
    });
  });
});
