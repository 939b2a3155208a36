import type { RoomReference } from "@parley/client/client";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

let stack: Stack;
let beta: Site;
let home: Inspection;
let away: Inspection;
/** At home at alpha: ann owns every room first, amy is to own it when it is restricted. */
let ann: Actor;
let amy: Actor;
/** At home at beta: a member, and a directory admin who is in no room. */
let bob: Actor;
let root: Actor;

beforeAll(async () => {
  const atBeta = { homeSite: "beta" };
  stack = await startStack({
    sites: 2,
    directory: directoryFile("room-settings", [
      { account: "ann", name: "Ann" },
      { account: "amy" },
      { account: "cat" },
      { account: "dan" },
      { account: "bob", ...atBeta },
      { account: "eve", ...atBeta },
      { account: "fay", ...atBeta },
      { account: "root", name: "Administrator", admin: true, ...atBeta },
    ]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": {},
      "inbox-worker": {},
    },
  });
  beta = stack.site("beta");
  [home, away] = await Promise.all([inspectSite(stack.site("alpha")), inspectSite(beta)]);
  ann = await enter(stack.site("alpha"), "ann");
  amy = await enter(stack.site("alpha"), "amy");
  bob = await enter(beta, "bob");
  root = await enter(beta, "root");
});
afterAll(async () => {
  for (const actor of [ann, amy, bob, root]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, away]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

async function openRoom(users: readonly string[]): Promise<RoomReference> {
  const room = await ann.client.createRoom({ name: "Plans", users });
  await room.done;
  expect(await happens(() => bob.client.room(room.roomId) !== undefined)).toBe(true);
  return { roomId: room.roomId, siteId: room.siteId };
}

/** What differs between log, home and replica once they had the time to be the same. */
async function differencesInTheEnd({ roomId }: RoomReference): Promise<readonly string[]> {
  const differences = () => compareSites({ home, away, awaySite: "beta" }, roomId);
  await happens(async () => (await differences()).length === 0);
  return differences();
}

const done = async (asking: Promise<{ readonly done: Promise<unknown> }>): Promise<unknown> =>
  (await asking).done;

/** Whether both sites' clients and beta's own list show the room so. */
async function isSeen(room: RoomReference, view: Readonly<Record<string, unknown>>): Promise<boolean> {
  const shown = async () => {
    const { rooms } = await bob.client.listRooms();
    return [
      ann.client.room(room.roomId)?.room,
      bob.client.room(room.roomId)?.room,
      rooms.find((row) => row.room.roomId === room.roomId)?.room,
    ];
  };
  return happens(async () => {
    const rooms = await shown();
    return rooms.every((one) => one !== undefined && contains(one, view));
  });
}
const contains = (whole: object, part: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(part).every(
    ([field, value]) => JSON.stringify(whole[field as keyof typeof whole]) === JSON.stringify(value),
  );

const systemTexts = async (reader: Actor, room: RoomReference): Promise<readonly string[]> =>
  (await reader.client.history(room)).messages.flatMap(({ system, content }) => (system ? [content] : []));

test("a name that an admin of the other site gives is seen at both, and the admin stays outside", async () => {
  const room = await openRoom(["bob"]);
  await expect(bob.client.renameRoom(room, "Deeds")).rejects.toMatchObject({ reason: "not_room_owner" });
  await done(root.client.renameRoom(room, "Deeds"));
  expect(await isSeen(room, { name: "Deeds" })).toBe(true);
  expect(await systemTexts(bob, room)).toContain('"Administrator" renamed the room to "Deeds"');
  expect(bob.events).toContainEqual(
    expect.objectContaining({ type: "room_renamed", roomId: room.roomId, name: "Deeds", by: "root" }),
  );
  await done(ann.client.renameRoom(room, "Plans"));
  expect(await isSeen(room, { name: "Plans" })).toBe(true);
  expect(await differencesInTheEnd(room)).toEqual([]);
  await expect(root.client.getKey(room)).rejects.toMatchObject({ reason: "not_room_member" });
  expect(root.client.room(room.roomId)).toBeUndefined();
  expect(root.events.filter(({ type }) => type !== "job")).toEqual([]);
});

test("the site that holds the replica sends owners and admins to the home", async () => {
  const room = await openRoom(["bob"]);
  expect(await differencesInTheEnd(room)).toEqual([]);
  const replica = { ...room, siteId: "beta" };
  const elsewhere = { reason: "wrong_site", metadata: { siteId: "alpha" } };
  await expect(root.client.renameRoom(replica, "Deeds")).rejects.toMatchObject(elsewhere);
  await expect(root.client.restrictRoom(replica, { restricted: false })).rejects.toMatchObject(elsewhere);
  await expect(bob.client.setPolicy(replica, { rekeyOnJoin: true })).rejects.toMatchObject(elsewhere);
  await expect(bob.client.closeRoom(replica)).rejects.toMatchObject(elsewhere);
});

// R35
test("a restricted room takes whom its only owner adds, of its own site alone until that is lifted", async () => {
  const room = await openRoom(["amy", "bob", "cat", "eve"]);
  const asked = { restricted: true, externalAccess: false, ownerAccount: "amy" };
  await expect(ann.client.restrictRoom(room, asked)).rejects.toMatchObject({ reason: "admin_required" });
  await done(root.client.restrictRoom(room, asked));
  expect(await isSeen(room, { settings: { restricted: true, externalAccess: false } })).toBe(true);
  expect(await happens(() => ann.client.room(room.roomId)?.subscription.role === "member")).toBe(true);
  expect(await happens(() => amy.client.room(room.roomId)?.subscription.role === "owner")).toBe(true);
  expect(await differencesInTheEnd(room)).toEqual([]);

  for (const { client } of [ann, bob])
    await expect(client.addMembers(room, { users: ["dan"] })).rejects.toMatchObject({
      reason: "not_room_owner",
    });
  await expect(amy.client.addMembers(room, { users: ["dan", "fay"] })).rejects.toMatchObject({
    reason: "external_access_disabled",
    metadata: { accounts: ["fay"] },
  });
  await done(amy.client.addMembers(room, { users: ["dan"] }));
  await bob.client.send(room, { content: "still here" });
  expect(await happens(() => ann.opened(room.roomId).includes("still here"))).toBe(true);

  await done(root.client.restrictRoom(room, { restricted: false }));
  expect(await isSeen(room, { settings: { restricted: false, externalAccess: true } })).toBe(true);
  await done(bob.client.addMembers(room, { users: ["fay"] }));
  expect(await differencesInTheEnd(room)).toEqual([]);
  const texts = await systemTexts(bob, room);
  expect(texts).toContain('"Administrator" restricted the room');
  expect(texts).toContain('"Administrator" lifted the restriction');
});

// R123
test("a closed room is read on, takes no sends and no members, and is left by everybody, the last one too", async () => {
  const room = await openRoom(["amy", "bob"]);
  await ann.client.send(room, { content: "before" });
  await expect(bob.client.closeRoom(room)).rejects.toMatchObject({ reason: "not_room_owner" });
  await done(ann.client.closeRoom(room));
  expect(await isSeen(room, { closed: true })).toBe(true);
  expect(await differencesInTheEnd(room)).toEqual([]);

  const closed = { code: "conflict", reason: "room_closed" };
  await expect(bob.client.send(room, { content: "after" })).rejects.toMatchObject(closed);
  await expect(ann.client.addMembers(room, { users: ["cat"] })).rejects.toMatchObject(closed);
  await expect(ann.client.changeRole(room, { account: "amy", role: "owner" })).rejects.toMatchObject(closed);
  await expect(root.client.renameRoom(room, "Deeds")).rejects.toMatchObject(closed);
  expect((await ann.client.closeRoom(room)).status).toBe("unchanged");
  expect((await bob.client.history(room)).messages.map(({ content }) => content)).toEqual(
    expect.arrayContaining(["before", '"Ann" closed the room']),
  );
  expect(await bob.client.getKey({ ...room, siteId: "beta" })).toMatchObject({ version: 0 });

  for (const { client } of [ann, amy, bob]) await done(client.leave(room));
  expect(await differencesInTheEnd(room)).toEqual([]);
  const { state } = await home.verify(room.roomId);
  expect(state).toMatchObject({ closed: true, members: new Map(), keyVersion: 3 });
  for (const { client } of [ann, amy, bob]) {
    expect(await happens(() => client.room(room.roomId) === undefined)).toBe(true);
    await expect(client.history(room)).rejects.toMatchObject({ reason: "not_room_member" });
  }
  await expect(bob.client.getKey({ ...room, siteId: "beta" })).rejects.toMatchObject({
    reason: "not_room_member",
  });
});
