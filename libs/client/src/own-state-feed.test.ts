import type { SubscriptionUpdate } from "@parley/contract/notices";
import type { SubscriptionView } from "@parley/contract/shapes";
import { expect, test } from "vitest";

import { peerRow } from "../test/peer-row.ts";
import { createHeldRooms } from "./held-rooms.ts";
import { keepOwnState, ownStateEvents, takeOwnState } from "./own-state-feed.ts";

const row = peerRow({ roomId: "jHjHNiEuCoJo8Nrzp", siteId: "alpha" });
const { roomId, siteId } = row.room;
const holdRoom = () => createHeldRooms().hold(row, 0);

const notice = (
  action: SubscriptionUpdate["action"],
  at: number,
  own: Partial<SubscriptionView>,
): SubscriptionUpdate => ({
  action,
  roomId,
  siteId,
  at,
  subscription: { ...row.subscription, role: "owner", ...own },
});

test("a notice changes what its action names and nothing else", () => {
  const held = holdRoom();
  takeOwnState(held, notice("muted", 5, { muted: true, favourite: true, lastSeenAt: 9 }));
  expect(held.subscription).toEqual({ ...row.subscription, muted: true });
  takeOwnState(held, notice("favourite", 5, { muted: false, favourite: true }));
  takeOwnState(held, notice("read", 5, { lastSeenAt: 9 }));
  expect(held.subscription).toEqual({ ...row.subscription, muted: true, favourite: true, lastSeenAt: 9 });
});

test("notices that overtake each other leave what the newest says", () => {
  const held = holdRoom();
  takeOwnState(held, notice("muted", 7, { muted: false }));
  takeOwnState(held, notice("muted", 6, { muted: true }));
  takeOwnState(held, notice("favourite", 3, { favourite: true }));
  takeOwnState(held, notice("read", 2, { lastSeenAt: 90 }));
  takeOwnState(held, notice("read", 3, { lastSeenAt: 80 }));
  expect(held.subscription).toMatchObject({ muted: false, favourite: true, lastSeenAt: 90 });
});

test("a membership told by a worker, who knows of no own state, leaves it as it is", () => {
  const told = { ...row.subscription, role: "owner" } as const;
  const own = { muted: true, favourite: true, lastSeenAt: 9 };
  expect(keepOwnState(told, { ...row.subscription, ...own })).toEqual({ ...told, ...own });
});

test("what differs is told, once and by kind", () => {
  const before = { muted: false, favourite: false };
  const after = { muted: true, favourite: true, lastSeenAt: 9 };
  expect(ownStateEvents({ roomId, siteId }, before, after)).toEqual([
    { type: "read", roomId, siteId, lastSeenAt: 9 },
    { type: "muted", roomId, siteId, muted: true },
    { type: "favourite", roomId, siteId, favourite: true },
  ]);
  expect(ownStateEvents({ roomId, siteId }, after, after)).toEqual([]);
});
