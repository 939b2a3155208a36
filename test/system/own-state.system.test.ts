import { ParleyError, type ClientEvent, type RoomReference } from "@parley/client/client";
import type { ManagedProcess } from "@parley/local-stack/managed-process";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import type { Subscription } from "@parley/mongo/subscription-store";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

const worker = {
  environment: {
    CONSUMER_ACK_WAIT_MS: "1000",
    CONSUMER_PIN_TIMEOUT_MS: "1500",
    PARLEY_TEST_DELIVER_TWICE: "1",
  },
};
const CATCH_UP_MS = 60_000;
/** One attempt and no more: the caller is to see that nobody answers (ms). */
const ONE_ATTEMPT = { timeoutMs: 2000, deadlineMs: 0 };

let stack: Stack;
let alpha: Site;
let beta: Site;
let home: Inspection;
let away: Inspection;
/** At home at alpha, owner of the rooms. */
let ann: Actor;
/** At home at beta, with two clients. */
let bob: Actor;
let bobToo: Actor;
let carol: Actor;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("own-state", [
      { account: "ann" },
      { account: "bob", homeSite: "beta" },
      { account: "carol", homeSite: "beta" },
    ]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": worker,
      "inbox-worker": worker,
    },
  });
  [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  [home, away] = await Promise.all([inspectSite(alpha), inspectSite(beta)]);
  ann = await enter(alpha, "ann");
  [bob, bobToo, carol] = await Promise.all([enter(beta, "bob"), enter(beta, "bob"), enter(beta, "carol")]);
});
afterAll(async () => {
  for (const actor of [ann, bob, bobToo, carol]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, away]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

const agree = (room: RoomReference): Promise<boolean> =>
  happens(
    async () => (await compareSites({ home, away, awaySite: "beta" }, room.roomId)).length === 0,
    CATCH_UP_MS,
  );

/** A room of alpha with bob and carol, as beta knows it. */
async function openRoom(): Promise<RoomReference> {
  const room = await ann.client.createRoom({ name: "Read", users: ["bob", "carol"] });
  await room.done;
  expect(await agree(room)).toBe(true);
  expect(
    await happens(() => [bob, bobToo].every(({ client }) => client.room(room.roomId) !== undefined)),
  ).toBe(true);
  return room;
}

const rowAt = (
  site: Inspection,
  { roomId }: RoomReference,
  account: string,
): Promise<Subscription | undefined> => mongoSubscriptionStore(site.mongo.database).find(roomId, account);
const readAt = async (site: Inspection, room: RoomReference, account: string): Promise<number | undefined> =>
  (await rowAt(site, room, account))?.lastSeenAt;

const arrives = (room: RoomReference, account: string, lastSeenAt: number): Promise<boolean> =>
  happens(async () => (await readAt(home, room, account)) === lastSeenAt, CATCH_UP_MS);

const toldOf = (
  { events }: Actor,
  { roomId }: RoomReference,
  type: ClientEvent["type"],
): readonly ClientEvent[] =>
  events.filter((event) => event.type === type && "roomId" in event && event.roomId === roomId);

/** The process of that service that was started last. */
const latest = (site: Site, service: string): ManagedProcess => {
  const found = site.processes.findLast(({ name }) => name.startsWith(service));
  if (!found) throw new Error(`there is no ${service}`);
  return found;
};

/** Removes bob and brings him back; both changes are true at home when this answers. */
async function rejoin(room: RoomReference): Promise<void> {
  await (
    await ann.client.removeMember(room, "bob")
  ).done;
  await (
    await ann.client.addMembers(room, { users: ["bob"] })
  ).done;
}

test("what is read and set at one client is seen at the other, at the home and by the message's author", async () => {
  const room = await openRoom();
  const { messageId, createdAt } = await ann.client.send(room, { content: "hello" });
  expect(await ann.client.receipts(room, messageId)).toEqual({ readers: [], total: 0 });
  const { lastSeenAt } = await bob.client.markRead(room, { upTo: createdAt + 5 });
  expect(lastSeenAt).toBe(createdAt + 5);
  await bob.client.mute(room, true);
  await bob.client.favourite(room, true);
  const own = { lastSeenAt, muted: true, favourite: true };
  const seen = (actor: Actor) => actor.client.room(room.roomId)?.subscription;
  expect(await happens(() => toldOf(bobToo, room, "favourite").length === 1)).toBe(true);
  expect([seen(bob), seen(bobToo)]).toMatchObject([own, own]);
  expect(toldOf(bobToo, room, "read")).toMatchObject([{ lastSeenAt }]);
  expect(toldOf(bobToo, room, "muted")).toMatchObject([{ muted: true }]);
  expect(await arrives(room, "bob", lastSeenAt)).toBe(true);
  // What is muted where is nobody's business at home.
  expect(await rowAt(home, room, "bob")).toMatchObject({ muted: false, favourite: false });
  expect(await ann.client.receipts(room, messageId)).toEqual({
    readers: [{ account: "bob", name: "bob", lastSeenAt }],
    total: 1,
  });
  await expect(bob.client.receipts(room, messageId)).rejects.toMatchObject({ reason: "not_message_author" });
});

// R86, R87
test("what is read while the home is dead is answered at once and arrives after its return, the newest last", async () => {
  const room = await openRoom();
  await Promise.all([...alpha.processes, ...alpha.servers].map((process) => process.kill("SIGKILL")));
  const now = Date.now();
  for (const [upTo, lastSeenAt] of [
    [now, now],
    [now - 5000, now],
    [now + 1000, now + 1000],
    [now - 9000, now + 1000],
  ] as const)
    expect(await bob.client.markRead(room, { upTo }, ONE_ATTEMPT)).toEqual({ status: "ok", lastSeenAt });
  await carol.client.mute(room, true, ONE_ATTEMPT);
  expect(await happens(() => toldOf(bobToo, room, "read").length === 2)).toBe(true);
  await Promise.all(alpha.servers.map((server) => server.restart()));
  await Promise.all(alpha.processes.map((process) => process.restart()));
  expect(await arrives(room, "bob", now + 1000)).toBe(true);
  expect(await readAt(away, room, "bob")).toBe(now + 1000);
  expect(await rowAt(away, room, "carol")).toMatchObject({ muted: true });
  expect(await agree(room)).toBe(true);
});

// R87
test("room-service killed between the store and OUTBOX: the repeat brings to the home what stands already", async () => {
  const room = await openRoom();
  await latest(beta, "room-service").stop();
  const doomed = await beta.startProcess("room-service", {
    PARLEY_TEST_STOP_AFTER: "message.read:0:SIGKILL",
  });
  const upTo = Date.now();
  await expect(bob.client.markRead(room, { upTo }, ONE_ATTEMPT)).rejects.toBeInstanceOf(ParleyError);
  await doomed.untilExit();
  expect([await readAt(away, room, "bob"), await readAt(home, room, "bob")]).toEqual([upTo, undefined]);
  await beta.startProcess("room-service");
  expect(await bob.client.markRead(room, { upTo })).toEqual({ status: "ok", lastSeenAt: upTo });
  expect(await arrives(room, "bob", upTo)).toBe(true);
});

// R83
test("what was read in an earlier membership comes back neither at the home nor at the replica", async () => {
  const room = await openRoom();
  const { lastSeenAt } = await bob.client.markRead(room);
  expect(await arrives(room, "bob", lastSeenAt)).toBe(true);
  await stack.link("beta").cut();
  // Waits in OUTBOX while he leaves and returns; it even lies ahead of his return.
  const waiting = await bob.client.markRead(room, { upTo: Date.now() + 200_000 });
  const { lastSeenAt: ofCarol } = await carol.client.markRead(room, { upTo: Date.now() + 1000 });
  await rejoin(room);
  await stack.link("beta").restore();
  // Carol's was sent after bob's: once it is there, his was taken.
  expect(await arrives(room, "carol", ofCarol)).toBe(true);
  expect(await agree(room)).toBe(true);
  expect([await readAt(home, room, "bob"), await readAt(away, room, "bob")]).toEqual([undefined, undefined]);
  const { lastSeenAt: anew } = await bob.client.markRead(room);
  expect(anew).toBeLessThan(waiting.lastSeenAt);
  expect(await arrives(room, "bob", anew)).toBe(true);
});
