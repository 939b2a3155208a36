import { expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { member, room } from "../test/rooms.ts";
import { accountsInRooms } from "./accounts-in-rooms.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";

test("names the accounts that are in a room of the site, however many were asked about", async ({
  database,
}) => {
  const subscriptions = mongoSubscriptionStore(database);
  const put = async (siteId: string, accounts: readonly string[]) => {
    const state = room({ siteId, members: accounts.map((account) => member(account, { siteId: "beta" })) });
    await subscriptions.put({ room: state, entries: [...state.members.values()], revision: 1 });
    return state.roomId;
  };
  await put("alpha", ["in1", "in2"]);
  await put("alpha", ["in1"]);
  await put("beta", ["elsewhere"]);
  const left = await put("alpha", ["gone"]);
  await subscriptions.markRemoved({ roomId: left, accounts: ["gone"], revision: 2, at: 5 });
  const others = Array.from({ length: 1200 }, (_, index) => `nobody${index}`);

  const accounts = ["in1", "elsewhere", "gone", ...others, "in2"];
  const found = await accountsInRooms(database, { accounts, roomSite: "alpha" });
  expect(found.toSorted()).toEqual(["in1", "in2"]);
  expect(await accountsInRooms(database, { accounts: [], roomSite: "alpha" })).toEqual([]);
  const rows = database.collection("subscriptions");
  const plan = JSON.stringify(
    await rows.find({ account: { $in: ["in1", "in2"] }, roomSite: "alpha" }).explain("queryPlanner"),
  );
  expect(plan).toContain("account_1_roomId_1");
});
