import { randomUUID } from "node:crypto";

import { getKey } from "@parley/contract/room-requests";
import { describe, expect } from "vitest";

import { test } from "./room-service-test.ts";
import { lastWords, noticesOf, roomOf } from "./what-is-told.ts";

const ROOM_OF_SIX = { users: ["bob", "cat", "eve", "bot"], orgs: ["tech"] };

describe("setting the policy", () => {
  test("is told to the room sealed and written down, stands in every list, and outlives a restriction", async ({
    rooms,
    clients,
    site,
  }) => {
    const roomId = await rooms.channel("ann", ROOM_OF_SIX);
    const reply = await rooms.settled(rooms.policy("ann", roomId, { rekeyOnJoin: true }));
    expect(await clients.result(reply.requestId)).toMatchObject({ operation: "room.policy", status: "ok" });
    const [notice] = noticesOf(clients, site.siteId, roomId);
    expect(notice?.body).toMatchObject({ type: "policy_changed", revision: 2, sealed: { version: 0 } });
    expect(JSON.stringify(notice?.body)).not.toContain("rekeyOnJoin");
    expect(await lastWords(site, roomId)).toEqual({
      content: '"Ann Lee" had the key change when somebody joins',
      system: { type: "policy_changed", data: { rekeyOnJoin: true } },
      sender: "ann",
    });
    await rooms.settled(rooms.restrict("root", roomId, { restricted: true, ownerAccount: "bob" }));
    const settings = { restricted: true, externalAccess: true, rekeyOnJoin: true };
    for (const account of ["ann", "dan"])
      expect((await roomOf(clients, account, roomId))?.settings).toEqual(settings);

    await rooms.settled(rooms.policy("bob", roomId, { rekeyOnJoin: false }));
    const { rekeyOnJoin: _off, ...without } = settings;
    expect((await roomOf(clients, "ann", roomId))?.settings).toEqual(without);
    expect(await lastWords(site, roomId)).toMatchObject({
      content: '"Bob" had the key stay when somebody joins',
    });
  });

  // R10
  test("as it is set is no event; a repeat reads the first outcome, whatever came after it", async ({
    rooms,
  }) => {
    const roomId = await rooms.channel("ann");
    expect(await rooms.policy("ann", roomId, { rekeyOnJoin: false })).toMatchObject({ status: "unchanged" });
    const requestId = randomUUID();
    await rooms.settled(rooms.policy("ann", roomId, { rekeyOnJoin: true, requestId }));
    expect(await rooms.policy("ann", roomId, { rekeyOnJoin: true })).toMatchObject({ status: "unchanged" });
    await rooms.settled(rooms.policy("ann", roomId, { rekeyOnJoin: false }));
    expect(await rooms.policy("ann", roomId, { rekeyOnJoin: true, requestId })).toMatchObject({
      revision: 2,
      done: true,
    });
    expect(await rooms.close("ann", roomId, requestId)).toMatchObject({ reason: "request_id_reused" });
  });

  test("has whoever joins get the version that joining made, and none of before", async ({
    rooms,
    clients,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const keyOf = (account: string, version?: number) =>
      clients.ask(account, getKey, {
        tokens: { roomId },
        body: version === undefined ? {} : { version },
      });
    await rooms.settled(rooms.policy("ann", roomId, { rekeyOnJoin: true }));
    expect(await keyOf("ann")).toMatchObject({ version: 0 });
    await rooms.settled(rooms.add("bob", roomId, { users: ["cat", "bot"] }));
    for (const account of ["ann", "bob", "cat", "bot"])
      expect(await keyOf(account)).toMatchObject({ version: 1 });
    for (const account of ["cat", "bot"])
      expect(await keyOf(account, 0)).toMatchObject({
        reason: "key_version_not_allowed",
        metadata: { keyFrom: 1 },
      });
    expect(await keyOf("bob", 0)).toMatchObject({ version: 0 });
    await rooms.settled(rooms.add("ann", roomId, { users: ["eve"], history: "all" }));
    expect(await keyOf("eve")).toMatchObject({ version: 2 });
    expect(await keyOf("eve", 1)).toMatchObject({ version: 1 });
    await rooms.settled(rooms.policy("ann", roomId, { rekeyOnJoin: false }));
    await rooms.settled(rooms.add("ann", roomId, { users: ["dan"] }));
    expect(await keyOf("dan")).toMatchObject({ version: 2 });
  });
});
