import type { RoomReference } from "@parley/client/client";
import type { Site } from "@parley/local-stack/site";
import { startStack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { openPage, type OpenPage } from "./open-page.ts";

const opened = new AsyncDisposableStack();
let site: Site;
/** Whose client runs in Node. */
let ann: Actor;
/** Where bob's client runs. */
let page: OpenPage;

beforeAll(async () => {
  const directory = directoryFile("browser", [
    { account: "ann" },
    { account: "bob" },
    { account: "cat" },
    { account: "dan" },
  ]);
  page = opened.use(await openPage());
  site = opened.use(await startStack({ sites: 1, directory })).site("alpha");
  ann = opened.use(await enter(site, "ann"));
});
afterAll(() => opened.disposeAsync());

const optionsFor = (account: string, password = site.users.accounts[account]?.password ?? "") => ({
  servers: site.nats.websocketUrl,
  siteId: site.siteId,
  account,
  authentication: { user: account, password },
});

async function openRoom(users: readonly string[] = ["bob", "cat"]): Promise<RoomReference> {
  const room = await ann.client.createRoom({ name: "Plans", users: [...users] });
  await room.done;
  return { roomId: room.roomId, siteId: room.siteId };
}

/** Whether both clients hold the same key of a version. */
const shareKey = ({ roomId }: RoomReference, version: number): Promise<boolean> =>
  happens(async () => {
    const print = await ann.client.keyPrint(roomId, version);
    return print !== undefined && print === (await page.call("keyPrint", roomId, version));
  });

/** Whether the page comes to show exactly these messages of the room. */
async function expectShown({ roomId }: RoomReference, contents: readonly string[]): Promise<void> {
  await happens(async () => (await page.call("shown", roomId)).length >= contents.length);
  expect(await page.call("shown", roomId)).toEqual(contents);
}

/** People's messages that were overheard in a room, as the page opens them: the version of the key, and the content. */
async function openedInPage({ roomId }: RoomReference): Promise<unknown[]> {
  const said = ann.overheard.filter((event) => event.roomId === roomId && event.type === "message_created");
  const openings = await Promise.all(said.map((event) => page.call("open", event)));
  return openings.flatMap((opening, index) => {
    const version = said[index]?.sealed.version;
    if ("unopened" in opening) return [[version, opening.unopened]];
    const { type, body } = opening.opened;
    return type === "message_created" && !body.system ? [[version, body.content]] : [];
  });
}

const expectOpened = async ({ roomId }: RoomReference, content: string): Promise<void> =>
  expect(await happens(() => ann.opened(roomId).includes(content))).toBe(true);

test("the broker refuses a browser that has no login", async () => {
  await expect(page.call("connect", optionsFor("bob", "guessed"))).rejects.toThrow(/authorization/i);
});

// K14
test("a client in Chromium and one in Node share rooms, keys and messages", async () => {
  const room = await openRoom();
  await page.call("connect", optionsFor("bob"));

  expect(await page.call("listRooms")).toEqual([{ ...room, name: "Plans", keyVersion: 0 }]);
  expect(await shareKey(room, 0)).toBe(true);

  await ann.client.send(room, { content: "from Node" });
  await expectShown(room, ["from Node"]);
  await page.call("send", room, "from Chromium: żółw 🐢");
  await expectOpened(room, "from Chromium: żółw 🐢");

  await (
    await ann.client.removeMember(room, "cat")
  ).done;
  expect(await shareKey(room, 1)).toBe(true);
  await ann.client.send(room, { content: "without cat" });
  await page.call("send", room, "under the new key");
  await expectOpened(room, "under the new key");
  await expectShown(room, ["from Node", "from Chromium: żółw 🐢", "without cat", "under the new key"]);
  // A message can be shown from history as well, which is not sealed; what stood on the wire was.
  const sealed = [
    [0, "from Node"],
    [0, "from Chromium: żółw 🐢"],
    [1, "without cat"],
    [1, "under the new key"],
  ];
  await happens(async () => (await openedInPage(room)).length >= sealed.length);
  expect(await openedInPage(room)).toEqual(sealed);

  const direct = await page.call("openDirect", "ann");
  await page.call("send", direct, "between us");
  await expectOpened(direct, "between us");

  expect(await page.call("eventTypes")).not.toContain("unopened");
  expect(page.uncaught).toEqual([]);
});

test("a client in Chromium reads what it missed while its broker was away", async () => {
  await page.call("connect", optionsFor("bob"));
  const room = await openRoom();
  expect(await shareKey(room, 0)).toBe(true);
  await ann.client.send(room, { content: "before" });
  await expectShown(room, ["before"]);

  await site.nats.kill("SIGKILL");
  expect(await happens(async () => (await page.call("eventTypes")).includes("disconnected"))).toBe(true);
  await site.nats.restart();
  await ann.client.send(room, { content: "after" });
  await page.call("send", room, "back again");

  await expectOpened(room, "back again");
  expect(await happens(async () => (await page.call("eventTypes")).includes("reconnected"))).toBe(true);
  await expectShown(room, ["before", "after", "back again"]);
  expect(page.uncaught).toEqual([]);
});

// K14
test("a device in Chromium opens keys that were wrapped for it", async () => {
  expect(await page.call("connectDevice", optionsFor("dan"))).toMatch(/^[0-9A-Za-z]{20}$/);
  const room = await openRoom(["dan", "cat"]);

  expect(await shareKey(room, 0)).toBe(true);
  const form = await page.call("formOfKey", room);
  expect(form).toContain("wrapped");
  expect(form).not.toContain("privateKey");
  await ann.client.send(room, { content: "for the device" });
  await page.call("send", room, "from the device");
  await expectOpened(room, "from the device");
  await expectShown(room, ["for the device", "from the device"]);

  await (
    await ann.client.removeMember(room, "cat")
  ).done;
  expect(await shareKey(room, 1)).toBe(true);
  expect(page.uncaught).toEqual([]);
});
