import { getDirectory, listOrgMembers, searchDirectory } from "@parley/contract/directory";
import { VERSION } from "@parley/contract/processes";
import { getKey, listMembers, listRooms, siteInfo } from "@parley/contract/room-requests";
import { describe, expect } from "vitest";

import { test } from "./room-service-test.ts";

describe("member.list", () => {
  test("goes by joining, then account, page by page, with orgs on page one", async ({
    clients,
    rooms,
    site,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "bot"], orgs: ["eng"] });
    await rooms.settled(rooms.add("ann", roomId, { orgs: ["tech"] }));
    const page = (body: object) => clients.ask("bob", listMembers, { tokens: { roomId }, body });
    const first = await page({ limit: 4 });
    expect(first.members.map(({ account }) => account)).toEqual(["ann", "bob", "bot", "cat"]);
    expect(first).toMatchObject({ total: 6, revision: 2, stale: false });
    expect(first.orgs).toEqual([
      { orgId: "eng", name: "Engines", addedAt: expect.any(Number), memberCount: 2 },
      { orgId: "tech", name: "Technology", addedAt: expect.any(Number), memberCount: 2 },
    ]);
    const second = await page({ limit: 4, after: first.next });
    expect(second.members.map(({ account }) => account)).toEqual(["eve", "dan"]);
    expect([second.next, second.orgs]).toEqual([undefined, undefined]);
    const [ann, , bot, cat] = first.members;
    expect(ann).toMatchObject({
      name: "Ann Lee",
      role: "owner",
      individual: true,
      userId: site.userIdOf("ann"),
    });
    expect(bot).toMatchObject({ kind: "agent", name: "bot" });
    expect(cat).toMatchObject({ name: "cat", individual: false, viaOrgs: ["eng", "tech"] });
  });

  test("takes no cursor but its own", async ({ clients, rooms }) => {
    const roomId = await rooms.channel("ann");
    for (const after of ["x", "1-", "__proto__"])
      expect(await clients.ask("ann", listMembers, { tokens: { roomId }, body: { after } })).toMatchObject({
        reason: "invalid_request",
      });
  });

  test("is for members, and says the same of a room that does not exist", async ({ clients, rooms }) => {
    const roomId = await rooms.channel("ann");
    const refused = await clients.ask("out", listMembers, { tokens: { roomId } });
    const missing = await clients.ask("out", listMembers, { tokens: { roomId: "0000000000000None" } });
    expect(refused).toMatchObject({ reason: "not_room_member", code: "forbidden" });
    expect(missing).toEqual({ ...refused, requestId: missing.requestId });
  });
});

describe("room.list", () => {
  // R77
  test("lists the caller's rooms with their keys, page by page", async ({ clients, rooms, site }) => {
    await site.know({ account: "lister", name: "Lister" });
    const roomIds: string[] = [];
    for (const name of ["One", "Two", "Three"])
      roomIds.push(await rooms.channel("bob", { name, users: ["lister"] }));
    const dm = await rooms.settled(rooms.create("lister", { users: ["dan"] }));
    const expected = [...roomIds, dm.roomId].toSorted();
    const list = (body: object) => clients.ask("lister", listRooms, { body });
    const first = await list({ limit: 3, keys: true });
    const second = await list({ limit: 3, keys: true, after: first.next });
    const all = [...first.rooms, ...second.rooms];
    expect(all.map(({ room }) => room.roomId)).toEqual(expected);
    expect(second.next).toBeUndefined();
    const keys = clients.seen.filter(
      ({ subject }) => subject.includes(".lister.") && subject.endsWith(".room.key"),
    );
    expect(new Map(all.map(({ room, key }) => [room.roomId, key?.privateKey]))).toEqual(
      new Map(keys.map(({ body }) => [body["roomId"], body["privateKey"]])),
    );
    expect(all.find(({ room }) => room.roomId === dm.roomId)).toMatchObject({
      room: { type: "dm", name: "dan" },
      subscription: { role: "member", individual: true, muted: false, favourite: false },
      stale: false,
    });
  });

  test("has no keys unless asked, and no room that was left", async ({ clients, rooms, site }) => {
    await site.know({ account: "leaver" });
    const roomId = await rooms.channel("bob", { users: ["leaver"] });
    const list = () => clients.ask("leaver", listRooms, { body: {} });
    expect((await list()).rooms.map(({ room, key }) => [room.roomId, key])).toEqual([[roomId, undefined]]);
    await rooms.settled(rooms.remove("leaver", roomId, { account: "leaver" }));
    expect((await list()).rooms).toEqual([]);
  });
});

describe("key.get", () => {
  // R60
  test("serves the current key and, within its grace period, the previous one", async ({
    clients,
    rooms,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan", "eve"] });
    const get = (account: string, body: object) => clients.ask(account, getKey, { tokens: { roomId }, body });
    const first = await get("ann", {});
    expect(first).toMatchObject({ roomId, version: 0, privateKey: expect.stringMatching(/^[\w+/]{43}=$/) });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    expect(await get("ann", {})).toMatchObject({ version: 1 });
    const { siteId, version, privateKey } = first;
    expect(await get("dan", { version: 0 })).toMatchObject({ roomId, siteId, version, privateKey });
    expect(await get("bob", { version: 0 })).toMatchObject({ reason: "not_room_member" });
    expect(await get("bob", {})).toMatchObject({ reason: "not_room_member" });
    await rooms.settled(rooms.remove("ann", roomId, { account: "eve" }));
    const gone = await get("ann", { version: 0 });
    expect(gone).toMatchObject({ reason: "room_key_absent", metadata: { currentVersion: 2 } });
    expect(await get("ann", { version: 7 })).toMatchObject({ reason: "room_key_absent" });
  });

  test("gives a newcomer nothing of before, unless the history was shared", async ({ clients, rooms }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan"] });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    await rooms.settled(rooms.add("ann", roomId, { users: ["eve"] }));
    await rooms.settled(rooms.add("ann", roomId, { users: ["cat"], history: "all" }));
    const get = (account: string) =>
      clients.ask(account, getKey, { tokens: { roomId }, body: { version: 0 } });
    expect(await get("eve")).toMatchObject({ reason: "key_version_not_allowed", metadata: { keyFrom: 1 } });
    expect(await get("cat")).toMatchObject({ version: 0 });
    await rooms.settled(rooms.add("eve", roomId, { users: ["out"], history: "all" }));
    expect(await get("out")).toMatchObject({ reason: "key_version_not_allowed", metadata: { keyFrom: 1 } });
  });

  test("knows no room to outsiders", async ({ clients }) => {
    const asked = clients.ask("out", getKey, { tokens: { roomId: "0000000000000None" } });
    expect(await asked).toMatchObject({ reason: "not_room_member" });
  });
});

describe("the directory", () => {
  test("finds people, agents and orgs by how a word begins", async ({ clients, site }) => {
    const search = async (body: object) => (await clients.ask("ann", searchDirectory, { body })).entries;
    expect(await search({ prefix: "LEE" })).toEqual([
      {
        kind: "person",
        name: "Ann Lee",
        account: "ann",
        userId: site.userIdOf("ann"),
        homeSite: site.siteId,
      },
    ]);
    expect(await search({ prefix: "tech", kinds: ["org"] })).toEqual([
      { kind: "org", name: "Technology", orgId: "tech", memberCount: 2 },
    ]);
    expect(await search({ prefix: "bo", kinds: ["agent"] })).toMatchObject([{ account: "bot" }]);
    expect(await search({ prefix: "off" })).toEqual([]);
    const first = await clients.ask("ann", searchDirectory, { body: { prefix: "b", limit: 1 } });
    expect(first.entries).toMatchObject([{ account: "bob" }]);
    const rest = await clients.ask("ann", searchDirectory, { body: { prefix: "b", after: first.next } });
    expect(rest.entries).toMatchObject([{ account: "bot" }]);
    expect(rest.next).toBeUndefined();
  });

  test("lists the people of an org by account, agents and disabled ones left out", async ({ clients }) => {
    const list = (orgId: string, body: object = {}) =>
      clients.ask("ann", listOrgMembers, { tokens: { orgId }, body });
    const whole = await list("eng");
    expect(whole).toMatchObject({ orgId: "eng", name: "Engines" });
    expect(whole.members.map(({ account, name, kind }) => [account, name, kind])).toEqual([
      ["cat", "cat", "person"],
      ["eve", "eve", "person"],
    ]);
    const first = await list("eng", { limit: 1 });
    expect(first).toMatchObject({ members: [{ account: "cat" }], next: "cat" });
    expect(await list("eng", { limit: 1, after: first.next })).toMatchObject({
      members: [{ account: "eve" }],
    });
    expect(await list("none")).toMatchObject({ reason: "invalid_org", metadata: { orgs: ["none"] } });
  });

  test("answers entries by account, names what is missing, and takes 100 at most", async ({ clients }) => {
    const get = (accounts: readonly string[]) => clients.ask("ann", getDirectory, { body: { accounts } });
    const found = await get(["dan", "nobody", "ann", "dan", "off"]);
    expect(found.entries.map(({ account, name }) => [account, name])).toEqual([
      ["ann", "Ann Lee"],
      ["dan", "dan"],
      ["off", "off"],
    ]);
    expect(found.missing).toEqual(["nobody"]);
    const many = Array.from({ length: 101 }, (_, index) => `u${index}`);
    expect(await get(many)).toMatchObject({
      reason: "batch_too_large",
      metadata: { max: 100, attempted: 101 },
    });
  });
});

test("site.info tells what a client must know of the site", async ({ clients, site }) => {
  const { requestId: _requestId, ...info } = await clients.ask("ann", siteInfo, {});
  expect(info).toEqual({
    siteId: site.siteId,
    peers: [],
    version: VERSION,
    limits: { maxPayload: 1_048_576, maxRoomSize: 1000, maxBatchSize: 1000 },
    now: expect.any(Number),
  });
});
