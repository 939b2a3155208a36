import type { RoomReference } from "@parley/client/client";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { keyBytes } from "../demo/keys.ts";

const worker = { environment: { CONSUMER_ACK_WAIT_MS: "1000", CONSUMER_PIN_TIMEOUT_MS: "1500" } };

let stack: Stack;
let beta: Site;
let home: Inspection;
let away: Inspection;
let ann: Actor;
/** At home at beta: one is removed, the other stays. */
let bob: Actor;
let carol: Actor;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("federation-lag", [
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
  beta = stack.site("beta");
  [home, away] = await Promise.all([inspectSite(stack.site("alpha")), inspectSite(beta)]);
  ann = await enter(stack.site("alpha"), "ann");
  [bob, carol] = await Promise.all([enter(beta, "bob"), enter(beta, "carol")]);
});
afterAll(async () => {
  for (const actor of [ann, bob, carol]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, away]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

const differences = (room: RoomReference): Promise<readonly string[]> =>
  compareSites({ home, away, awaySite: "beta" }, room.roomId);
const agree = (room: RoomReference): Promise<boolean> =>
  happens(async () => (await differences(room)).length === 0);

/** What the actor's own site answers: the key's bytes, or the reason of its refusal. */
const askBeta = ({ client }: Actor, room: RoomReference, version: number): Promise<string> =>
  client.getKey({ ...room, siteId: "beta" }, version).then(
    ({ privateKey }) => privateKey ?? "wrapped",
    (error: { reason?: string }) => String(error.reason),
  );

/** The same with the link cut, so that beta has nothing to answer with but its own store. */
async function askBetaAlone(actor: Actor, room: RoomReference, version: number): Promise<string> {
  await stack.link("beta").cut();
  const answer = await askBeta(actor, room, version);
  await stack.link("beta").restore();
  return answer;
}

/** What is said now is read by the survivor, and is but noise on the wire to who was removed. */
async function expectUnreadableTo(removed: Actor, room: RoomReference): Promise<void> {
  await ann.client.send(room, { content: "without bob" });
  expect(await happens(() => carol.opened(room.roomId).includes("without bob"))).toBe(true);
  const heard = () =>
    removed.overheard.filter(({ roomId, type }) => roomId === room.roomId && type === "message_created");
  expect(await happens(() => heard().at(-1)?.sealed.version === 1)).toBe(true);
  expect(removed.opened(room.roomId)).toEqual([]);
  await expect(removed.client.history(room)).rejects.toMatchObject({ reason: "not_room_member" });
}

/** Whether the link carries requests again. */
const linkIsUp = (room: RoomReference): Promise<boolean> =>
  happens(() =>
    carol.client.history(room).then(
      () => true,
      () => false,
    ),
  );

// R61, R108
test("a replica that has not heard of a removal gives the new key to the survivor alone, and keeps none", async () => {
  const room = await ann.client.createRoom({ name: "Lagging", users: ["bob", "carol"] });
  await room.done;
  expect(await agree(room)).toBe(true);
  const inboxWorker = beta.process("inbox-worker");
  await inboxWorker.kill("SIGSTOP");
  await (
    await ann.client.removeMember(room, "bob")
  ).done;
  expect(await differences(room)).toContain("replica.revision");

  const [key = "none"] = await keyBytes([ann, carol], room, 1);
  expect(await askBeta(bob, room, 1)).toBe("not_room_member");
  await expect(bob.client.getKey(room, 1)).rejects.toMatchObject({ reason: "not_room_member" });
  expect((await keyBytes([bob], room, 1)).size).toBe(0);
  expect(await askBeta(carol, room, 1)).toBe(key);
  await expectUnreadableTo(bob, room);
  expect(await askBetaAlone(carol, room, 1)).toBe("home_site_unreachable");
  expect(await linkIsUp(room)).toBe(true);

  await inboxWorker.kill("SIGCONT");
  expect(await agree(room)).toBe(true);
  expect(await askBeta(bob, room, 1)).toBe("not_room_member");
  expect(await askBetaAlone(carol, room, 1)).toBe(key);
  expect(bob.client.room(room.roomId)).toBeUndefined();
  expect((await keyBytes([bob], room, 1)).size).toBe(0);
});
