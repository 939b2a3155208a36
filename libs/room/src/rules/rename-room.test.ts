import { describe, expect, it } from "vitest";

import {
  add,
  ann,
  bob,
  cat,
  close,
  createChannel,
  createDirect,
  happening,
  refusalOf,
  rename,
  roomAfter,
  setRole,
} from "../../test/fixtures.ts";
import { decide } from "../decide.ts";

const room = roomAfter(createChannel({ users: [bob] }));

describe("renaming a room", () => {
  it("tells the old name and the new one, and changes neither key nor roster", () => {
    const { event, state } = happening(room, rename("ann", "Deeds"));
    expect(event).toMatchObject({ type: "room_renamed", data: { from: "Plans", to: "Deeds" } });
    expect(state).toMatchObject({ name: "Deeds", keyVersion: 0, rosterHash: room.rosterHash });
  });

  it("is an owner's right, asked for before the names are compared", () => {
    const owners = happening(room, setRole("ann", "bob", "owner")).state;
    expect(refusalOf(room, rename("bob", "Deeds"))).toEqual({ reason: "not_room_owner" });
    expect(refusalOf(room, rename("bob", "Plans"))).toEqual({ reason: "not_room_owner" });
    expect(happening(owners, rename("bob", "Deeds")).state.name).toBe("Deeds");
  });

  it("is a directory admin's right too, in the room or not", () => {
    for (const admin of ["bob", "root"])
      expect(happening(room, rename(admin, "Deeds", true)).event.actor.account).toBe(admin);
  });

  it("changes nothing when the room is called so already", () => {
    expect(decide(room, rename("ann", "Plans"))).toEqual({ outcome: "unchanged" });
    expect(decide(room, rename("root", "Plans", true))).toEqual({ outcome: "unchanged" });
  });

  // R36
  it("reads alike for outsiders whether the room exists or not, also for admins where it does not", () => {
    const outsider = { reason: "not_room_member" };
    expect(refusalOf(room, rename("cat", "Deeds"))).toEqual(outsider);
    expect(refusalOf(undefined, rename("cat", "Deeds"))).toEqual(outsider);
    expect(refusalOf(undefined, rename("root", "Deeds", true))).toEqual(outsider);
  });

  it("needs a channel that is open, asked for before the right to it", () => {
    const direct = roomAfter(createDirect(ann, cat));
    expect(refusalOf(direct, rename("ann", "Deeds", true))).toEqual({ reason: "non_channel_operation" });
    expect(
      refusalOf(roomAfter(createChannel({ users: [bob] }), close("ann")), rename("bob", "Deeds")),
    ).toEqual({
      reason: "room_closed",
    });
  });

  it("answers its repeat with the first outcome, also after the room was renamed again", () => {
    const first = rename("root", "Deeds", true);
    const again = happening(happening(room, first).state, rename("ann", "Plans")).state;
    expect(decide(again, first)).toEqual({ outcome: "repeat", revision: 2 });
    expect(decide(again, { ...first, isAdmin: false })).toEqual({ outcome: "repeat", revision: 2 });
    expect(refusalOf(again, add("ann", { users: [cat] }, { requestId: first.requestId }))).toEqual({
      reason: "request_id_reused",
    });
  });
});
