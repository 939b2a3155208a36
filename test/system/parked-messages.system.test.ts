import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { parkNewest } from "../cast/park-newest.ts";

const COMMAND = join(import.meta.dirname, "../../libs/site/src/dead.ts");
let stack: Stack;
let actors: readonly Actor[];
let inspection: Inspection;

beforeAll(async () => {
  stack = await startStack({ sites: 1, directory: directoryFile("parked-messages", people(3)) });
  actors = await Promise.all(["p0", "p1"].map((account) => enter(stack.site("alpha"), account)));
  inspection = await inspectSite(stack.site("alpha"), "message-service");
});
afterAll(async () => {
  await Promise.all(actors.map((actor) => actor[Symbol.asyncDispose]()));
  await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

/** Gives the command with the operator's login and no other right. */
async function dead({ siteId, nats, mongo, users }: Site, ...words: readonly string[]) {
  const { user, password } = users.operator;
  const child = spawn(process.execPath, [COMMAND, ...words], {
    env: {
      SITE_ID: siteId,
      NATS_URL: `nats://${user}:${password}@${new URL(nats.url).host}`,
      MONGO_URL: mongo.url,
    },
  });
  let output = "";
  const take = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const [code] = (await once(child, "close")) as [number];
  return { code, output };
}

test("a message that is sent back although it arrived is shown once, stored once, and followed by the next", async () => {
  const site = stack.site("alpha");
  const [owner, second] = actors;
  if (!owner || !second) throw new Error("nobody there");
  const room = await owner.client.createRoom({ name: "Parked", users: ["p1"] });
  await room.done;
  const { messageId } = await owner.client.send(room, { content: "one" });
  const shown = (): boolean => actors.every((actor) => actor.opened(room.roomId).length > 0);
  expect(await happens(shown)).toBe(true);
  await parkNewest(inspection.broker, site.siteId);

  expect((await dead(site, "list")).output).toContain(`room ${room.roomId}  attempts 10  TypeError`);
  expect(await dead(site, "resend", "1")).toMatchObject({
    code: 0,
    output: expect.stringContaining("Sent back as MESSAGES_CANONICAL_alpha:"),
  });
  const published = () => second.overheard.filter(({ id }) => id === messageId).length;
  expect(await happens(() => published() === 2)).toBe(true);
  await owner.client.send(room, { content: "two" });
  expect(await happens(() => actors.every((actor) => actor.opened(room.roomId).includes("two")))).toBe(true);

  for (const actor of actors) {
    expect(actor.opened(room.roomId)).toEqual(["one", "two"]);
    const { messages } = await actor.client.history(room);
    expect(messages.flatMap(({ system, content }) => (system ? [] : [content]))).toEqual(["two", "one"]);
  }
});
