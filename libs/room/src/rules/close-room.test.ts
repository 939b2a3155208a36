import { describe, expect, it } from "vitest";

import {
  add,
  ann,
  bob,
  cat,
  close,
  createChannel,
  createDirect,
  dan,
  happening,
  org,
  refusalOf,
  remove,
  removeOrg,
  rename,
  restrict,
  roomAfter,
  rotate,
  setPolicy,
  setRole,
} from "../../test/fixtures.ts";
import { decide } from "../decide.ts";

const room = roomAfter(createChannel({ users: [bob, cat], orgs: [org("tech", [dan])] }));
const closed = happening(room, close("ann")).state;

describe("closing a room", () => {
  it("closes it for good, and changes neither key nor roster", () => {
    const { event, state } = happening(room, close("ann"));
    expect(event).toMatchObject({ type: "room_closed", data: {} });
    expect(state).toMatchObject({ closed: true, keyVersion: 0, rosterHash: room.rosterHash });
    expect(decide(closed, close("ann"))).toEqual({ outcome: "unchanged" });
  });

  it("is an owner's right, also when the room is closed", () => {
    expect(refusalOf(room, close("bob"))).toEqual({ reason: "not_room_owner" });
    expect(refusalOf(closed, close("bob"))).toEqual({ reason: "not_room_owner" });
    expect(refusalOf(room, close("eve"))).toEqual({ reason: "not_room_member" });
    expect(refusalOf(undefined, close("ann"))).toEqual({ reason: "not_room_member" });
  });

  it("needs a channel", () => {
    expect(refusalOf(roomAfter(createDirect(ann, bob)), close("ann"))).toEqual({
      reason: "non_channel_operation",
    });
  });
});

describe("a closed room", () => {
  // R123
  it("refuses every command but leaving, removing and closing, whoever asks", () => {
    const refused = { reason: "room_closed" };
    expect(refusalOf(closed, add("ann", { users: [dan] }))).toEqual(refused);
    expect(refusalOf(closed, setRole("ann", "bob", "owner"))).toEqual(refused);
    expect(refusalOf(closed, rename("ann", "Deeds"))).toEqual(refused);
    expect(refusalOf(closed, rename("root", "Plans", true))).toEqual(refused);
    expect(refusalOf(closed, restrict({ ownerAccount: "bob" }))).toEqual(refused);
    expect(refusalOf(closed, restrict({ restricted: false }))).toEqual(refused);
    expect(refusalOf(closed, setPolicy("ann", true))).toEqual(refused);
  });

  it("still lets owners remove, and a lost key change", () => {
    expect(happening(closed, remove("ann", "bob")).state.keyVersion).toBe(1);
    expect(happening(closed, removeOrg("ann", "tech")).state.members.has("dan")).toBe(false);
    expect(happening(closed, rotate(0)).state.keyVersion).toBe(1);
    expect(refusalOf(closed, remove("bob", "cat"))).toEqual({ reason: "not_room_owner" });
  });

  // R123
  it("lets everybody leave: the last owner, and the last member", () => {
    const leavers = ["ann", "bob", "cat"];
    const after = leavers.reduce((state, account) => happening(state, remove(account, account)).state, {
      ...happening(closed, removeOrg("ann", "tech")).state,
    });
    expect(after.members.size).toBe(0);
    expect(after.keyVersion).toBe(4);
    expect(refusalOf(after, remove("ann", "ann"))).toEqual({ reason: "not_room_member" });
  });

  it("keeps whom an org covers, who is no owner any more", () => {
    const covered = roomAfter(
      createChannel({ users: [cat], orgs: [org("tech", [cat])] }),
      setRole("ann", "cat", "owner"),
      close("cat"),
    );
    const alone = happening(covered, remove("ann", "ann")).state;
    expect(happening(alone, remove("cat", "cat")).state.members.get("cat")).toMatchObject({
      role: "member",
      individual: false,
    });
  });
});
