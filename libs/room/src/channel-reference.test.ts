import { expect, it } from "vitest";

import { bob, bot, cat, createChannel, org, roomAfter } from "../test/fixtures.ts";
import { accountsReferred } from "./channel-reference.ts";

// R28
it("brings in the individual people of a channel, neither agents nor who is there through an org", () => {
  const room = roomAfter(createChannel({ users: [cat, bot], orgs: [org("eng")] }));
  expect(room.members.get(bob.account)?.individual).toBe(false);
  expect(accountsReferred([...room.members.values()])).toEqual(["ann", "cat"]);
});
