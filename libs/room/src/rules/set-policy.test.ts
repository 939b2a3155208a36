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
  person,
  refusalOf,
  restrict,
  roomAfter,
  setPolicy,
  setRole,
} from "../../test/fixtures.ts";
import { decide } from "../decide.ts";

const room = roomAfter(createChannel({ users: [bob] }));
const policed = happening(room, setPolicy("ann", true)).state;

describe("setting the policy of a room", () => {
  it("changes neither key nor roster, and is taken back without a trace", () => {
    const { event, state } = happening(room, setPolicy("ann", true));
    expect(event).toMatchObject({ type: "policy_changed", data: { rekeyOnJoin: true } });
    expect(state).toMatchObject({ keyVersion: 0, rosterHash: room.rosterHash });
    expect(state.settings).toEqual({ ...room.settings, rekeyOnJoin: true });
    expect(happening(state, setPolicy("ann", false)).state.settings).toStrictEqual(room.settings);
  });

  it("changes nothing when it is set so already", () => {
    expect(decide(room, setPolicy("ann", false))).toEqual({ outcome: "unchanged" });
    expect(decide(policed, setPolicy("ann", true))).toEqual({ outcome: "unchanged" });
  });

  it("is an owner's right, asked for before what is set", () => {
    expect(refusalOf(room, setPolicy("bob", true))).toEqual({ reason: "not_room_owner" });
    expect(refusalOf(room, setPolicy("bob", false))).toEqual({ reason: "not_room_owner" });
    const owners = happening(room, setRole("ann", "bob", "owner")).state;
    expect(happening(owners, setPolicy("bob", true)).state.settings.rekeyOnJoin).toBe(true);
  });

  // R36
  it("reads alike for outsiders whether the room exists or not", () => {
    expect(refusalOf(room, setPolicy("cat", true))).toEqual({ reason: "not_room_member" });
    expect(refusalOf(undefined, setPolicy("ann", true))).toEqual({ reason: "not_room_member" });
  });

  it("needs a channel that is open, asked for before the right to it", () => {
    const direct = roomAfter(createDirect(ann, cat));
    expect(refusalOf(direct, setPolicy("ann", true))).toEqual({ reason: "non_channel_operation" });
    const closed = happening(room, close("ann")).state;
    expect(refusalOf(closed, setPolicy("bob", true))).toEqual({ reason: "room_closed" });
    expect(refusalOf(closed, setPolicy("ann", false))).toEqual({ reason: "room_closed" });
  });

  it("answers its repeat with the first outcome, also after the policy was changed back", () => {
    const first = setPolicy("ann", true);
    const back = happening(happening(room, first).state, setPolicy("ann", false)).state;
    expect(decide(back, first)).toEqual({ outcome: "repeat", revision: 2 });
    expect(refusalOf(back, add("ann", { users: [cat] }, { requestId: first.requestId }))).toEqual({
      reason: "request_id_reused",
    });
  });

  it("outlives a restriction and its end", () => {
    const crowd = roomAfter(createChannel({ users: [bob, cat, dan, person("eve")] }), setPolicy("ann", true));
    const restricted = happening(crowd, restrict({ ownerAccount: "bob", externalAccess: false })).state;
    expect(restricted.settings).toEqual({ restricted: true, externalAccess: false, rekeyOnJoin: true });
    const lifted = happening(restricted, restrict({ restricted: false })).state;
    expect(lifted.settings).toEqual({ restricted: false, externalAccess: true, rekeyOnJoin: true });
  });
});
