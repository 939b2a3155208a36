import { HEADERS, userInboxPrefix } from "@parley/contract/headers";
import { uuidV7 } from "@parley/contract/ids";
import { streamName } from "@parley/contract/streams";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { headers } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile } from "../cast/directory.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

let stack: Stack;
let mallory: Actor;
let bob: Actor;
let inspection: Inspection;
let room: { roomId: string; siteId: string };

beforeAll(async () => {
  stack = await startStack({
    sites: 1,
    directory: directoryFile("hostile-replies", [{ account: "mallory" }, { account: "bob" }]),
  });
  const site = stack.site("alpha");
  mallory = await enter(site, "mallory");
  bob = await enter(site, "bob");
  inspection = await inspectSite(site);
  const job = await mallory.client.createRoom({ name: "Bait", users: ["bob"] });
  await job.done;
  room = job;
});
afterAll(async () => {
  await mallory[Symbol.asyncDispose]();
  await bob[Symbol.asyncDispose]();
  await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

const own = "chat.user.alpha.mallory.request";
const requests = (): readonly [string, object][] => [
  [`${own}.site.alpha.info`, {}],
  [`${own}.room.alpha.list`, { keys: true }],
  [`${own}.room.${room.roomId}.alpha.key.get`, {}],
  [`${own}.room.${room.roomId}.alpha.msg.history`, {}],
  [`${own}.directory.alpha.search`, { prefix: "b" }],
];

const messagesIn = async (stream: "ROOMS" | "MESSAGES_CANONICAL"): Promise<number> =>
  (await inspection.broker.manager.streams.info(streamName(stream, "alpha"))).state.messages;

/** What a service of ours would have to publish for the attack to work. */
const hostileReplies = (): readonly string[] => [
  `chat.room.canonical.alpha.${room.roomId}.room_closed`,
  `chat.msg.canonical.alpha.${room.roomId}.created`,
  "$JS.API.STREAM.PURGE.ROOMS_alpha",
  "$JS.API.STREAM.DELETE.ROOMS_alpha",
  "chat.user.alpha.bob.event.alpha.room.key",
  `${userInboxPrefix("alpha", "bob")}.x`,
  userInboxPrefix("alpha", "mallory"),
  `${userInboxPrefix("alpha", "mallory")}.*`,
  "_INBOX.svc.alpha.room-worker.x",
];

// R105
test("an answer goes to the caller's own inbox or nowhere: no stream grows, nothing is purged, nobody hears it", async () => {
  const before = [await messagesIn("ROOMS"), await messagesIn("MESSAGES_CANONICAL")];
  const heardByBob: string[] = [];
  for (const filter of ["chat.user.alpha.bob.event.>", `${userInboxPrefix("alpha", "bob")}.>`])
    bob.connection.subscribe(filter, {
      callback: (_error, message) => void heardByBob.push(message.subject),
    });
  await bob.connection.flush();

  for (const reply of hostileReplies())
    for (const [subject, body] of requests()) {
      const made = headers();
      made.set(HEADERS.requestId, uuidV7());
      mallory.connection.publish(subject, JSON.stringify(body), { reply, headers: made });
    }
  await mallory.connection.flush();

  // Requests are answered in order per subject: once a proper one is, the hostile ones before it have been dropped.
  for (const [subject, body] of requests()) {
    const answer = await mallory.connection.request(subject, JSON.stringify(body), { timeout: 5000 });
    expect(answer.json()).not.toHaveProperty("error");
  }
  await bob.connection.flush();
  expect([await messagesIn("ROOMS"), await messagesIn("MESSAGES_CANONICAL")]).toEqual(before);
  expect(heardByBob.filter((subject) => hostileReplies().includes(subject))).toEqual([]);
});

// R105
test("a client's credentials let it neither speak for another account nor overhear it", async () => {
  const { connection } = mallory;
  const subject = "chat.user.alpha.bob.request.site.alpha.info";
  await expect(connection.request(subject, "{}", { timeout: 2000 })).rejects.toThrow(/Permissions Violation/);
  const overhearing = connection.subscribe("chat.user.alpha.bob.event.>");
  const listen = async (): Promise<void> => {
    for await (const message of overhearing) throw new Error(`heard ${message.subject}`);
  };
  await expect(listen()).rejects.toThrow(/Permissions Violation/);
});
