import type { Client, Draft } from "@parley/client/client";
import type { RoomReference } from "@parley/client/client-events";
import type { RoomListRow } from "@parley/contract/room-requests";
import { newMessageId } from "@parley/contract/ids";
import type { Stack } from "@parley/local-stack/stack";

import type { Actor } from "../cast/actor.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite } from "../cast/inspect-site.ts";
import type { Stage } from "./stage.ts";

/** Who plays the second act: a working day in two offices. */
export interface Office {
  readonly stage: Stage;
  readonly stack: Stack;
  /** At home at alpha. */
  readonly ann: Actor;
  readonly dave: Actor;
  readonly eve: Actor;
  readonly scribe: Actor;
  /** At home at beta. */
  readonly judy: Actor;
}

async function say(actor: Actor, room: RoomReference, draft: Omit<Draft, "messageId">): Promise<string> {
  const messageId = newMessageId();
  await actor.client.send(room, { messageId, ...draft });
  return messageId;
}

/** Texts that the room wrote itself, as this account read them. */
const systemTexts = (actor: Actor, room: RoomReference): readonly string[] =>
  actor.events.flatMap((event) =>
    event.type === "message" && event.roomId === room.roomId && event.message.system
      ? [event.message.content]
      : [],
  );

const tellsAbout = (actor: Actor, room: RoomReference, type: "added" | "removed"): number =>
  actor.events.filter((event) => event.type === type && event.roomId === room.roomId).length;

/** Second act, scene 1: both open the same direct message. */
export async function meet({ stage, ann, judy }: Office): Promise<void> {
  stage.scene(
    "Second act. Ann (alpha) and Judy (beta) open a direct message with each other at the same instant",
  );
  const [one, other] = await Promise.all([ann.client.openDirect("judy"), judy.client.openDirect("ann")]);
  await Promise.all([one.done, other.done]);
  stage.check(
    "it is one room",
    one.roomId === other.roomId && one.siteId === other.siteId,
    `home ${one.siteId}`,
  );
  await happens(() => [ann, judy].every(({ client }) => client.room(one.roomId) !== undefined));
  await say(ann, one, { content: "Lunch?" });
  await say(judy, one, { content: "At noon." });
  const opened = await happens(() =>
    [ann, judy].every((actor) => JSON.stringify(actor.opened(one.roomId)) === '["Lunch?","At noon."]'),
  );
  stage.check("each opened what the other said", opened);
}

/** Second act, scene 2: people come and go with their organisation. */
export async function staff(office: Office): Promise<RoomReference> {
  const { stage, ann, dave, eve, judy } = office;
  stage.scene('Ann opens "Harbour" with Judy and the organisation ops, which is Dave and Eve');
  const job = await ann.client.createRoom({ name: "Harbour", users: ["judy"], orgs: ["ops"] });
  await job.done;
  const listed = await collect(ann.client, "ops");
  stage.check(
    "ops has the people that joined",
    JSON.stringify(listed) === '["dave","eve"]',
    listed.join(", "),
  );
  const inside = await happens(() =>
    [dave, eve, judy].every(({ client }) => client.room(job.roomId) !== undefined),
  );
  stage.check("all of them are in", inside);

  stage.line("Ann names Dave as well, who is there through ops");
  const told = tellsAbout(dave, job, "added");
  await (
    await ann.client.addMembers(job, { users: ["dave"] })
  ).done;
  const members = await ann.client.listMembers(job);
  const row = members.members.find(({ account }) => account === "dave");
  stage.check(
    "Dave is a member twice over, once in the list",
    row?.individual === true && row.viaOrgs.length === 1,
  );
  stage.check("nobody was told of it", tellsAbout(dave, job, "added") === told);

  stage.line("Ann takes ops out of the room");
  await (
    await ann.client.removeOrg(job, "ops")
  ).done;
  stage.check("Eve is out", await happens(() => eve.client.room(job.roomId) === undefined));
  stage.check(
    "Dave stays",
    dave.client.room(job.roomId) !== undefined && tellsAbout(dave, job, "removed") === 0,
  );
  const text = '"Ann Archer 安娜" removed the organisation "Operations Ops" (1 person)';
  const written = await happens(() => systemTexts(judy, job).includes(text));
  stage.check("the room says so, at both sites", written, text);
  return job;
}

/** The accounts of an org. */
async function collect(client: Client, orgId: string): Promise<string[]> {
  const { members } = await client.orgMembers(orgId);
  return members.map(({ account }) => account);
}

/** Second act, scene 3: an agent acts for somebody, and the log says for whom. */
export async function delegate({ stage, stack, ann, scribe }: Office): Promise<void> {
  stage.scene("Scribe, an agent that acts for Ann, opens a room; Ann talks to it alone");
  const job = await scribe.client.createRoom({ name: "Minutes", users: ["ann"] });
  await job.done;
  await using inspection = await inspectSite(stack.site("alpha"));
  const head = await inspection.reader.head(job.roomId);
  const actor = head?.stored?.event.actor;
  stage.check(
    "its event says who acted, and for whom",
    actor?.account === "scribe" && actor.kind === "agent" && actor.onBehalfOf === "ann",
    JSON.stringify(actor),
  );
  const direct = await ann.client.openDirect("scribe");
  await direct.done;
  stage.check("a direct message with an agent is an agentDm", direct.roomType === "agentDm");
}

/** Second act, scene 4: the room has a new name everywhere. */
export async function rename({ stage, ann, dave, judy }: Office, room: RoomReference): Promise<void> {
  stage.scene('Ann renames "Harbour" to "Dock 7"');
  await (
    await ann.client.renameRoom(room, "Dock 7")
  ).done;
  const named = await happens(() =>
    [ann, dave, judy].every(({ client }) => client.room(room.roomId)?.room.name === "Dock 7"),
  );
  stage.check("everybody sees the new name, at both sites", named);
  // The notice comes from alpha to her client; beta's replica follows by itself.
  const replicated = await happens(async () => (await judy.client.getRoom(room)).room.name === "Dock 7");
  stage.check("Judy's own site has it too", replicated);
}

/** Second act, scene 5: what is unread, what mentions one, who has read. */
export async function read({ stage, ann, judy }: Office, room: RoomReference): Promise<void> {
  stage.scene("Ann writes two messages, one of them mentions Judy");
  await judy.client.markRead(room);
  await say(ann, room, { content: "The crane is back." });
  const messageId = await say(ann, room, { content: "Judy, please look at it.", mentions: ["judy"] });
  await happens(() => judy.opened(room.roomId).length === 2);
  const counted = await happens(async () => {
    const row = await rowOf(judy, room);
    return row?.unread === 2 && row.mentions === 1;
  });
  stage.check("Judy's list shows 2 unread messages, 1 mention", counted);
  stage.line("Judy reads, at her own site");
  await judy.client.markRead(room);
  const allRead = await happens(async () => {
    const row = await rowOf(judy, room);
    return row?.unread === 0 && row.mentions === 0;
  });
  stage.check("nothing is unread", allRead);
  const seen = await happens(async () => {
    const { readers } = await ann.client.receipts(room, messageId);
    return readers.some(({ account }) => account === "judy");
  });
  stage.check("Ann sees that Judy read it", seen);
}

/** The room as the account's own site lists it. */
async function rowOf({ client }: Actor, room: RoomReference): Promise<RoomListRow | undefined> {
  for await (const { rooms } of client.roomPages()) {
    const row = rooms.find((one) => one.room.roomId === room.roomId);
    if (row) return row;
  }
  return undefined;
}
