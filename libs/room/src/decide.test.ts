import { describe, expect, it } from "vitest";

import {
  add,
  ann,
  bob,
  cat,
  createChannel,
  createDirect,
  dan,
  happening,
  refusalOf,
  remove,
  removeOrg,
  roomAfter,
  rotate,
  setRole,
  T0,
} from "../test/fixtures.ts";
import { decide } from "./decide.ts";

const creation = createChannel({ users: [bob, cat] });
const room = roomAfter(creation);
const NOBODY_HERE = { reason: "not_room_member" };

describe("decide", () => {
  // R10, R11
  it("returns the first outcome of a request, also to whoever left by it", () => {
    const leave = remove("bob", "bob");
    const left = happening(room, leave).state;
    const later = roomAfter(creation, leave, setRole("ann", "cat", "owner"));
    expect(decide(left, leave)).toEqual({ outcome: "repeat", revision: 2 });
    expect(decide(later, { ...leave, at: T0 + 10_000 })).toEqual({ outcome: "repeat", revision: 2 });
    expect(refusalOf(later, remove("bob", "bob"))).toEqual(NOBODY_HERE);
  });

  // R12
  it("refuses a request id that another account or operation used, before it asks for membership", () => {
    const promotion = setRole("ann", "cat", "owner");
    const promoted = happening(room, promotion).state;
    const reused = { reason: "request_id_reused" };
    expect(refusalOf(promoted, { ...promotion, actor: { account: "bob", kind: "person" } })).toEqual(reused);
    expect(refusalOf(promoted, { ...promotion, actor: { account: "dan", kind: "person" } })).toEqual(reused);
    const { requestId } = promotion;
    expect(refusalOf(promoted, { ...remove("ann", "cat"), requestId })).toEqual(reused);
    expect(decide(promoted, { ...setRole("ann", "cat", "member"), requestId })).toEqual({
      outcome: "repeat",
      revision: 2,
    });
  });

  it("counts removal by account and by org as one operation", () => {
    const leave = remove("bob", "bob");
    const left = happening(room, leave).state;
    expect(decide(left, { ...removeOrg("bob", "eng"), requestId: leave.requestId })).toEqual({
      outcome: "repeat",
      revision: 2,
    });
  });

  // R36
  it("tells outsiders the same of rooms that exist and rooms that do not", () => {
    const commands = [
      add("dan", { users: [cat] }),
      remove("dan", "dan"),
      remove("dan", "ann"),
      removeOrg("dan", "eng"),
      setRole("dan", "ann", "member"),
    ];
    for (const command of commands) {
      expect(refusalOf(room, command)).toEqual(NOBODY_HERE);
      expect(refusalOf(undefined, command)).toEqual(NOBODY_HERE);
    }
  });

  it("never dates an event before its predecessor", () => {
    const { event } = happening(room, { ...add("ann", { users: [dan] }), at: room.at - 5000 });
    expect(event.at).toBe(room.at);
    expect(event.type === "members_added" && event.data.added[0]?.joinedAt).toBe(room.at);
  });

  it("records actor, request and event id as they came", () => {
    const command = {
      ...add("ann", { users: [dan] }),
      actor: { account: "ann", kind: "agent" as const, onBehalfOf: "eve" },
    };
    const { event } = happening(room, command);
    expect(event).toMatchObject({
      id: command.eventId,
      v: 1,
      requestId: command.requestId,
      actor: { account: "ann", kind: "agent", onBehalfOf: "eve" },
      siteId: room.siteId,
      roomId: room.roomId,
      revision: 2,
      prev: room.chain,
    });
  });

  it("needs a channel for everything but new keys", () => {
    const direct = roomAfter(createDirect(ann, bob));
    const commands = [
      add("ann", { users: [cat] }),
      remove("ann", "ann"),
      remove("ann", "bob"),
      removeOrg("ann", "eng"),
      setRole("ann", "bob", "owner"),
    ];
    for (const command of commands)
      expect(refusalOf(direct, command)).toEqual({ reason: "non_channel_operation" });
    expect(happening(direct, rotate(0)).state.keyVersion).toBe(1);
  });

  it("lets a closed room only be left", () => {
    const closed = { ...room, closed: true };
    expect(refusalOf(closed, add("ann", { users: [dan] }))).toEqual({ reason: "room_closed" });
    expect(refusalOf(closed, setRole("ann", "bob", "owner"))).toEqual({ reason: "room_closed" });
    const withoutOwner = happening(closed, remove("ann", "ann")).state;
    const withoutBob = happening(withoutOwner, remove("bob", "bob")).state;
    expect(happening(withoutBob, remove("cat", "cat")).state.members.size).toBe(0);
  });
});
