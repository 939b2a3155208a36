import { createRoom, getKey, listMembers } from "@parley/contract/room-requests";
import { retireAccount } from "@parley/contract/server-requests";
import { openTestSite, type TestSite } from "@parley/site/test/test-site";
import { describe, expect } from "vitest";

import { test } from "./room-service-test.ts";
import { askAs, eventsOf } from "./two-sites.ts";

/** Asks as the import does: with the rights of a process of the site. */
const retire = (site: TestSite, account: string, after?: string) =>
  askAs(site, retireAccount, { to: site, body: { account, after } });

const typesOf = async (site: TestSite, roomId: string) =>
  (await eventsOf(site, roomId)).map(({ type }) => type);

describe("an account that the directory disabled (R123)", () => {
  // R123
  test("is taken out of every room, with an heir where it owned one, by one event each", async ({
    site,
    clients,
    rooms,
  }) => {
    await site.know({ account: "gil", name: "Gil" });
    const owned = await rooms.channel("gil", { users: ["bob", "bot"] });
    const joined = await rooms.channel("ann", { users: ["gil"] });
    const direct = await rooms.settled(clients.ask("gil", createRoom, { body: { users: ["bob"] } }));
    const alone = await rooms.channel("gil");
    await site.know({ account: "gil", name: "Gil", enabled: false });

    expect(await retire(site, "gil")).toEqual({ rooms: 4, failed: [] });
    for (const roomId of [owned, joined, direct.roomId])
      await clients.first(
        ({ subject, body }) =>
          subject.includes(".gil.event.") && body["action"] === "removed" && body["roomId"] === roomId,
        "that gil was removed",
      );
    const [, removal] = await eventsOf(site, owned);
    expect(removal).toMatchObject({
      type: "members_removed",
      actor: { account: "system", kind: "system", onBehalfOf: "gil" },
      data: {
        cause: "disabled",
        account: "gil",
        removed: ["gil"],
        promoted: "bob",
        rekey: { from: 0, to: 1 },
      },
    });
    expect(await typesOf(site, direct.roomId)).toEqual(["room_created", "members_removed"]);
    expect(await typesOf(site, alone)).toEqual(["room_created", "room_closed", "members_removed"]);
    await clients.first(
      ({ subject, body }) =>
        subject.includes(".bob.event.") &&
        subject.endsWith(".room.key") &&
        body["roomId"] === owned &&
        body["version"] === 1,
      "bob's new key",
    );
    expect(await clients.ask("bob", listMembers, { tokens: { roomId: owned } })).toMatchObject({
      members: [{ account: "bob", role: "owner" }, { account: "bot" }],
    });
  });

  test("appends nothing when asked again, at once or later", async ({ site, clients, rooms }) => {
    await site.know({ account: "hal" });
    const roomId = await rooms.channel("ann", { users: ["hal"] });
    await site.know({ account: "hal", enabled: false });
    await Promise.all([retire(site, "hal"), retire(site, "hal"), retire(site, "hal")]);
    await clients.first(
      ({ subject, body }) => subject.includes(".hal.event.") && body["action"] === "removed",
      "that hal was removed",
    );
    expect(await retire(site, "hal")).toEqual({ rooms: 0, failed: [] });
    expect(await typesOf(site, roomId)).toEqual(["room_created", "members_removed"]);
  });

  test("leaves again after it was enabled, added and disabled anew", async ({ site, clients, rooms }) => {
    await site.know({ account: "ivo" });
    const roomId = await rooms.channel("ann", { users: ["ivo"] });
    for (const times of [1, 2]) {
      await site.know({ account: "ivo", enabled: false });
      expect(await retire(site, "ivo")).toEqual({ rooms: 1, failed: [] });
      expect((await typesOf(site, roomId)).filter((type) => type === "members_removed")).toHaveLength(times);
      await site.know({ account: "ivo" });
      await rooms.settled(rooms.add("ann", roomId, { users: ["ivo"] }));
    }
    expect(await clients.ask("ivo", listMembers, { tokens: { roomId } })).toHaveProperty("total", 2);
  });

  // R123
  test("is refused itself, its keys included, and keeps nothing that it had", async ({
    site,
    clients,
    rooms,
  }) => {
    await site.know({ account: "jim" });
    const roomId = await rooms.channel("ann", { users: ["jim"] });
    expect(await clients.ask("jim", getKey, { tokens: { roomId } })).toHaveProperty("version", 0);
    await site.know({ account: "jim", enabled: false });
    await expect
      .poll(() => clients.ask("jim", getKey, { tokens: { roomId } }), { timeout: 10_000, interval: 200 })
      .toMatchObject({ reason: "account_disabled" });
    expect(await clients.ask("jim", listMembers, { tokens: { roomId } })).toMatchObject({
      reason: "account_disabled",
    });
  });

  test("is retired page by page from many rooms", async ({ site, clients, rooms }) => {
    await site.know({ account: "kim" });
    const owners = Array.from({ length: 9 }, (_, index) => `owner${index}`);
    await site.know(...owners.map((account) => ({ account })));
    const roomIds: string[] = [];
    // An account may have few commands under way.
    for (let round = 0; round < 12; round += 1)
      roomIds.push(
        ...(await Promise.all(owners.map((account) => rooms.channel(account, { users: ["kim"] })))),
      );
    await site.know({ account: "kim", enabled: false });
    const first = await retire(site, "kim");
    expect(first).toMatchObject({ rooms: 100, failed: [], next: expect.any(String) as unknown });
    expect(await retire(site, "kim", first.next)).toEqual({ rooms: 8, failed: [] });
    await clients.flush();
    for (const roomId of roomIds)
      expect(await typesOf(site, roomId)).toEqual(["room_created", "members_removed"]);
  });
});

describe("asking to retire an account", () => {
  test("is the own site's right alone", async ({ site, clients }) => {
    await clients.flush();
    await using far = await openTestSite();
    await site.know({ account: "lea", enabled: false });
    await expect(askAs(far, retireAccount, { to: site, body: { account: "lea" } })).rejects.toMatchObject({
      reason: "site_not_participating",
    });
  });

  test("changes nothing for whom the directory has enabled, or does not know", async ({ site, rooms }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    expect(await retire(site, "bob")).toEqual({ rooms: 0, failed: [] });
    expect(await retire(site, "nobody")).toEqual({ rooms: 0, failed: [] });
    expect(await typesOf(site, roomId)).toEqual(["room_created"]);
  });
});
