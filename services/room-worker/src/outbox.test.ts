import type { RoomCommand } from "@parley/room/command";
import type { RoomState } from "@parley/room/state";
import {
  add,
  bob,
  createChannel,
  found,
  happening,
  HOME,
  remove,
  roomAfter,
  setRole,
} from "@parley/room/test/fixtures";
import { expect, test } from "vitest";

import { dispatchesOf } from "./outbox.ts";

const atHome = (): RoomState => roomAfter(createChannel(found({})));
const abroad = (): RoomState => roomAfter(createChannel(found({ users: [bob] })));
const dispatches = (before: RoomState, command: RoomCommand) =>
  dispatchesOf(HOME, before, happening(before, command).state);

test("a room of one site is sent nowhere", () => {
  expect(dispatchesOf(HOME, undefined, atHome())).toEqual([]);
});

// R83
test("a site begins with a snapshot, be it at creation or later", () => {
  const snapshot = [{ dest: "site-b", carries: "snapshot" }];
  expect(dispatchesOf(HOME, undefined, abroad())).toEqual(snapshot);
  expect(dispatches(atHome(), add("ann", { users: [bob] }))).toEqual(snapshot);
});

test("a site that has a part in the room gets every event, also one that concerns nobody of it", () => {
  const before = roomAfter(createChannel(found({ users: [bob] })));
  expect(dispatches(before, setRole("ann", "bob", "owner"))).toEqual([{ dest: "site-b", carries: "event" }]);
});

// R82
test("the event with which a site's last member left is final", () => {
  expect(dispatches(abroad(), remove("ann", "bob"))).toEqual([{ dest: "site-b", carries: "final" }]);
});
