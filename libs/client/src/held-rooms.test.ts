import { expect, test } from "vitest";

import { peerRow } from "../test/peer-row.ts";
import { compareListing, createHeldRooms } from "./held-rooms.ts";

const [here, there, gone] = ["jHjHNiEuCoJo8Nrzp", "Nrzp8oJoCuEiNHjHj", "aSq00HrEHIPae2UHp"].map((roomId) =>
  peerRow({ roomId, siteId: "alpha" }),
) as [ReturnType<typeof peerRow>, ReturnType<typeof peerRow>, ReturnType<typeof peerRow>];

test("a listing tells which rooms are new, which stayed and which are gone", () => {
  const rooms = createHeldRooms();
  rooms.hold(here, 0);
  rooms.hold(gone, 0);
  const { joined, kept, gone: left } = compareListing(rooms.all(), [here, there]);
  expect(joined).toEqual([there]);
  expect(kept).toEqual([here]);
  expect(left.map(({ roomId }) => roomId)).toEqual([gone.room.roomId]);
});

test("a room that is held again keeps what is shown of it and never an older revision", () => {
  const rooms = createHeldRooms();
  const held = rooms.hold({ ...here, room: { ...here.room, revision: 7 } }, 5);
  held.timeline = { ...held.timeline, heldSeq: 12 };
  const again = rooms.hold(here, 99);
  expect(again.timeline).toMatchObject({ messages: [], heldSeq: 12, since: 5 });
  expect([again.membershipRevision, again.revision]).toEqual([7, 7]);
});

test("a room that was left is remembered with its revision and site", () => {
  const rooms = createHeldRooms();
  rooms.hold(here, 0);
  rooms.drop(here.room.roomId, 4);
  expect(rooms.membershipOf(here.room.roomId)).toEqual({ siteId: "alpha", revision: 4, isMember: false });
  expect(rooms.siteOf(here.room.roomId)).toBe("alpha");
});
