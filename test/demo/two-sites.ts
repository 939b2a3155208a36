import { ParleyError } from "@parley/client/client";
import type { RoomReference } from "@parley/client/client-events";
import { newMessageId } from "@parley/contract/ids";
import type { Site } from "@parley/local-stack/site";
import type { Stack } from "@parley/local-stack/stack";
import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";

import type { Actor } from "../cast/actor.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite } from "../cast/inspect-site.ts";
import type { Stage } from "./stage.ts";
import { holdsKey, keyBytes } from "./keys.ts";

/** How long a site that was away may take to know everything (ms). */
const CATCH_UP_MS = 30_000;

export interface Abroad {
  readonly stage: Stage;
  readonly stack: Stack;
  /** At home at alpha. */
  readonly ann: Actor;
  readonly bob: Actor;
  /** At home at beta. */
  readonly judy: Actor;
  readonly kim: Actor;
}

async function say(actor: Actor, room: RoomReference, content: string): Promise<void> {
  await actor.client.send(room, { messageId: newMessageId(), content });
}

const opened = (actor: Actor, room: RoomReference, contents: readonly string[]): boolean =>
  JSON.stringify(actor.opened(room.roomId)) === JSON.stringify(contents);

/** Scene 7: one room, two sites. */
export async function openBridge({ stage, ann, bob, judy }: Abroad): Promise<RoomReference> {
  stage.scene('Ann (alpha) opens the channel "Bridge" with Bob (alpha) and Judy (beta)');
  const job = await ann.client.createRoom({ name: "Bridge", users: ["bob", "judy"] });
  await job.done;
  const members = [ann, bob, judy];
  const received = await happens(() => members.every((actor) => holdsKey(actor, job, 0)));
  stage.check("both sites received the room and its key v0", received);
  stage.check("it is one key", (await keyBytes(members, job, 0)).size === 1);
  await say(ann, job, "Hello beta.");
  await say(judy, job, "Hello alpha.");
  const both = await happens(() =>
    members.every((actor) => opened(actor, job, ["Hello beta.", "Hello alpha."])),
  );
  stage.check("messages of both sites were opened at both", both);
  await (
    await ann.client.removeMember(job, "bob")
  ).done;
  const rotated = await happens(() => [ann, judy].every((actor) => holdsKey(actor, job, 1)));
  stage.check("the survivors of a removal hold key v1 at both sites", rotated);
  stage.check("Bob was never sent it", (await keyBytes([bob], job, 1)).size === 0);
  return job;
}

/** Everything of a site, killed at the same moment. */
async function killSite(site: Site): Promise<void> {
  await Promise.all([...site.processes, ...site.servers].map((process) => process.kill("SIGKILL")));
}

async function reviveSite(site: Site): Promise<void> {
  await Promise.all(site.servers.map((server) => server.restart()));
  await Promise.all(site.processes.map((process) => process.restart()));
}

/** Scene 8: a site is dead while the room goes on. */
export async function killBeta({ stage, stack, ann, judy, kim }: Abroad, room: RoomReference): Promise<void> {
  stage.scene("Site beta is killed (kill -9 of every process and server); alpha goes on");
  const beta = stack.site("beta");
  await killSite(beta);
  const job = await ann.client.addMembers(room, { users: ["kim"] });
  const { revision } = await job.done;
  stage.check(
    "alpha finished the addition of Kim, who lives at beta",
    revision === job.revision,
    `revision ${revision}`,
  );
  await say(ann, room, "Beta sleeps.");
  await say(ann, room, "Beta will read this.");
  stage.line("beta returns");
  await reviveSite(beta);
  const learned = await happens(() => kim.client.room(room.roomId) !== undefined, CATCH_UP_MS);
  stage.check("Kim's client, which only reconnected, learned of the room", learned);
  const expected = ["Hello beta.", "Hello alpha.", "Beta sleeps.", "Beta will read this."];
  const caughtUp = await happens(() => opened(judy, room, expected), CATCH_UP_MS);
  stage.check("Judy read everything once and in order", caughtUp, judy.opened(room.roomId).join(" | "));
  await say(ann, room, "Good morning.");
  const read = await happens(
    () => [judy, kim].every((actor) => actor.opened(room.roomId).includes("Good morning.")),
    CATCH_UP_MS,
  );
  stage.check("both read what is said now", read);
  const sameKey = await happens(async () => {
    const prints = await Promise.all([ann, judy, kim].map(({ client }) => client.keyPrint(room.roomId, 1)));
    return prints[0] !== undefined && new Set(prints).size === 1;
  }, CATCH_UP_MS);
  stage.check("Kim holds the same key v1 as Ann and Judy", sameKey);
}

/** What a request to the room's home is answered: `ok`, or why not. */
async function answer(actor: Actor, room: RoomReference): Promise<string> {
  try {
    await actor.client.history(room, { limit: 1 });
    return "ok";
  } catch (error) {
    if (error instanceof ParleyError) return error.reason ?? error.code;
    throw error;
  }
}

/** Scene 9: the link is cut, and a client of beta stays connected to its own site. */
export async function cutLink({ stage, stack, ann, judy }: Abroad, room: RoomReference): Promise<void> {
  stage.scene("The link is cut; Judy stays connected to beta");
  const link = stack.link("beta");
  await link.cut();
  await say(ann, room, "Nobody at beta hears this.");
  const refused = await answer(judy, room);
  stage.check(
    "meanwhile Judy's requests to alpha are refused with a reason",
    refused === "home_site_unreachable",
    refused,
  );
  await link.restore();
  const back = await happens(async () => (await answer(judy, room)) === "ok", CATCH_UP_MS);
  stage.check("the link is back by itself", back);
  await say(ann, room, "And now?");
  const missed = ["Nobody at beta hears this.", "And now?"];
  const once = (content: string): boolean =>
    judy.opened(room.roomId).filter((read) => read === content).length === 1;
  const read = await happens(() => missed.every(once), CATCH_UP_MS);
  stage.check("Judy noticed the gap and read what was missing, once", read);
}

/** Scene 10: log, projection and replica are one and the same. */
export async function compareSites(stage: Stage, stack: Stack, room: RoomReference): Promise<void> {
  stage.scene("Log, projection and replica are compared");
  await using home = await inspectSite(stack.site("alpha"));
  await using away = await inspectSite(stack.site("beta"));
  const replicas = mongoReplicaStore(away.mongo.database);
  const { state, differences } = await home.verify(room.roomId);
  stage.check("alpha's projection equals the log", differences.length === 0, differences.join(", "));
  const equal = await happens(async () => {
    const replica = (await replicas.find(room.roomId))?.state;
    return replica?.chain === state?.chain && replica?.rosterHash === state?.rosterHash;
  }, CATCH_UP_MS);
  stage.check("beta's replica equals it: revision, chain and roster", equal, `revision ${state?.revision}`);
}
