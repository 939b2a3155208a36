import type { SubscriptionUpdate } from "@parley/contract/notices";
import { describe, expect, test } from "vitest";

import { judgeUpdate, mayTell, type Membership } from "./accept-event.ts";

// R106
test("a room's event is taken from its own site and from the client's, and from no other", () => {
  const room = { siteId: "beta", ownSiteId: "alpha" };
  expect(mayTell({ ...room, fromSite: "beta" })).toBe(true);
  expect(mayTell({ ...room, fromSite: "alpha" })).toBe(true);
  expect(mayTell({ ...room, fromSite: "gamma" })).toBe(false);
});

const update = (action: SubscriptionUpdate["action"], revision?: number): SubscriptionUpdate => ({
  action,
  roomId: "jHjHNiEuCoJo8Nrzp",
  siteId: "alpha",
  at: 1,
  ...(revision !== undefined && { revision }),
  ...(action === "added" && { room: {} as never, subscription: {} as never }),
});

describe("an update of this account", () => {
  const held: Membership = { siteId: "alpha", revision: 5, isMember: true };
  const left: Membership = { siteId: "alpha", revision: 5, isMember: false };
  test("counts only when newer than the revision held", () => {
    expect(judgeUpdate(held, update("removed", 5))).toBe("ignore");
    expect(judgeUpdate(held, update("removed", 6))).toBe("leave");
    expect(judgeUpdate(held, update("role_changed", 5))).toBe("ignore");
    expect(judgeUpdate(held, update("role_changed", 6))).toBe("change");
    expect(judgeUpdate(left, update("added", 5))).toBe("ignore");
    expect(judgeUpdate(left, update("added", 6))).toBe("join");
    expect(judgeUpdate(undefined, update("added", 1))).toBe("join");
  });

  test("that should have a revision and has none is ignored", () => {
    expect(judgeUpdate(held, update("removed"))).toBe("ignore");
  });

  test("of another site about a known room is ignored", () => {
    expect(judgeUpdate({ ...held, siteId: "beta" }, update("removed", 9))).toBe("ignore");
  });

  test("about a room it is not in changes nothing", () => {
    expect(judgeUpdate(left, update("removed", 9))).toBe("ignore");
    expect(judgeUpdate(undefined, update("role_changed", 9))).toBe("ignore");
    expect(judgeUpdate(undefined, update("read"))).toBe("ignore");
  });

  test("of its own state needs no revision", () => {
    expect(judgeUpdate(held, update("muted"))).toBe("change");
  });
});
