import { describe, expect, it } from "vitest";

import { bob, createChannel, happening, refusalOf, roomAfter, rotate } from "../../test/fixtures.ts";
import { decide } from "../decide.ts";

const room = roomAfter(createChannel({ users: [bob] }));

describe("rotating a key", () => {
  it("raises the version by one, for a caller who is no member", () => {
    const { event, state } = happening(room, rotate(0));
    expect(event.data).toEqual({ reason: "lost", rekey: { from: 0, to: 1 } });
    expect(event.actor).toEqual({ account: "system", kind: "system" });
    expect(state.keyVersion).toBe(1);
    expect(state.rosterHash).toBe(room.rosterHash);
  });

  // R56
  it("happens once per version, however many ask", () => {
    const first = rotate(0);
    const rotated = happening(room, first).state;
    expect(decide(rotated, first)).toEqual({ outcome: "repeat", revision: 2 });
    expect(decide(rotated, { ...first, reason: "requested" })).toEqual({ outcome: "repeat", revision: 2 });
    expect(decide(rotated, rotate(0))).toEqual({ outcome: "unchanged" });
    expect(happening(rotated, rotate(1)).state.keyVersion).toBe(2);
  });

  it("is refused for a room that does not exist and a version to come", () => {
    expect(refusalOf(undefined, rotate(0))).toEqual({ reason: "room_not_found" });
    expect(refusalOf(room, rotate(1))).toMatchObject({ reason: "invalid_request" });
  });
});
