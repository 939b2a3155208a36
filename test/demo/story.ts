import { ParleyError, type Client } from "@parley/client/client";
import { newMessageId } from "@parley/contract/ids";
import type { RoomReference } from "@parley/client/client-events";
import type { Site } from "@parley/local-stack/site";
import { fromBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { open } from "@parley/room-crypto/opener";
import { OpenError } from "@parley/room-crypto/open-error";

import type { Actor } from "../cast/actor.ts";
import { happens } from "../cast/happens.ts";
import { holdsKey, keyBytes } from "./keys.ts";
import type { Stage } from "./stage.ts";

interface Cast {
  readonly ann: Actor;
  readonly bob: Actor;
  readonly carol: Actor;
  readonly dave: Actor;
  readonly eve: Actor;
  readonly scribe: Actor;
}

export interface Setting {
  readonly stage: Stage;
  readonly site: Site;
  readonly cast: Cast;
}

/** A crashed worker's events come back after this long (ms); short, so that the story does not wait. */
export const QUICK = { CONSUMER_ACK_WAIT_MS: "2000" } as const;

const everybody = (cast: Cast): readonly Actor[] => Object.values(cast);

async function say(actor: Actor, room: RoomReference, content: string): Promise<string> {
  const messageId = newMessageId();
  await actor.client.send(room, { messageId, content });
  return messageId;
}

/** Scene 1: a channel of people, an agent and an organisation. */
export async function openRoom({ stage, cast }: Setting): Promise<RoomReference> {
  const { ann } = cast;
  stage.scene('Ann opens the channel "Launch" with Bob, Carol, the agent Scribe and the organisation ops');
  const job = await ann.client.createRoom({
    name: "Launch",
    users: ["bob", "carol", "scribe"],
    orgs: ["ops"],
  });
  await job.done;
  const members = everybody(cast);
  const received = await happens(() =>
    members.every((actor) => actor.client.room(job.roomId) !== undefined && holdsKey(actor, job, 0)),
  );
  stage.check("everyone received the room and its key v0", received);
  const learnedFirst = members.every(({ events }) => {
    const order = events
      .filter((event) => "roomId" in event && event.roomId === job.roomId)
      .map(({ type }) => type);
    return order.indexOf("added") < order.indexOf("key");
  });
  stage.check("everyone learned of the room before its key", learnedFirst);
  stage.check("everyone received the same key v0", (await keyBytes(members, job, 0)).size === 1);
  return job;
}

/** Scene 2: what is said is sealed on the wire and opened by every member. */
export async function talk({ stage, cast }: Setting, room: RoomReference): Promise<void> {
  stage.scene("Ann, Dave (through ops) and Scribe speak");
  const said = ["Ship on Friday?", "Servers are ready.", "Noted: Friday."];
  await say(cast.ann, room, said[0] ?? "");
  await say(cast.dave, room, said[1] ?? "");
  await say(cast.scribe, room, said[2] ?? "");
  const all = everybody(cast);
  const inOrder = await happens(() =>
    all.every((actor) => JSON.stringify(actor.opened(room.roomId)) === JSON.stringify(said)),
  );
  stage.check("all six opened all three messages, in order", inOrder);
  const wire = JSON.stringify(cast.eve.overheard);
  stage.check(
    "no word of them stands on the wire",
    said.every((text) => !wire.includes(text)),
  );
}

const refusedWith = async (attempt: Promise<unknown>, reason: string): Promise<boolean> => {
  try {
    await attempt;
    return false;
  } catch (error) {
    if (error instanceof ParleyError) return error.reason === reason;
    throw error;
  }
};

/** Whether any key this account was ever sent opens what it overheard. */
function opensWithAnything(actor: Actor, room: RoomReference, messageId: string): boolean {
  const event = actor.overheard.find(({ id }) => id === messageId);
  if (!event) throw new Error(`${actor.account} did not overhear ${messageId}`);
  return actor.keysSent.some((key) => {
    const privateKey = fromBase64(key.privateKey);
    if (!privateKey) return false;
    // Not only as it stands: also as if it were of the version this key is of.
    return [event.sealed, { ...event.sealed, version: key.version }].some((sealed) => {
      try {
        open(nodeSuite, { ...event, roomId: room.roomId, sealed, privateKey });
        return true;
      } catch (error) {
        if (error instanceof OpenError) return false;
        throw error;
      }
    });
  });
}

/** Scene 3: whoever is removed is out, also for what they can still hear. */
export async function removeBob({ stage, cast }: Setting, room: RoomReference): Promise<void> {
  const { ann, bob } = cast;
  stage.scene("Ann removes Bob");
  await (
    await ann.client.removeMember(room, "bob")
  ).done;
  const survivors = everybody(cast).filter((actor) => actor !== bob);
  const rotated = await happens(() => survivors.every((actor) => holdsKey(actor, room, 1)));
  stage.check(
    "the same key v1 reached every survivor",
    rotated && (await keyBytes(survivors, room, 1)).size === 1,
  );
  stage.check("Bob learned that he is out", await happens(() => bob.client.room(room.roomId) === undefined));
  const secret = "Bob must not read this.";
  const messageId = await say(ann, room, secret);
  const opened = await happens(() => survivors.every((actor) => actor.opened(room.roomId).includes(secret)));
  stage.check("every survivor opened the next message", opened);
  const overheard = await happens(() => bob.overheard.some(({ id }) => id === messageId));
  stage.check("Bob overheard it, sealed", overheard);
  stage.check("key v1 was never sent to Bob", (await keyBytes([bob], room, 1)).size === 0);
  stage.check("no key Bob ever had opens the next message", !opensWithAnything(bob, room, messageId));
  stage.check("Bob is refused the new key", await refusedWith(bob.client.getKey(room, 1), "not_room_member"));
  stage.check("Bob is refused the history", await refusedWith(bob.client.history(room), "not_room_member"));
}

/** Scene 4: two owners leave at the same instant; a room keeps an owner. */
export async function leaveTogether({ stage, cast }: Setting): Promise<RoomReference> {
  const { ann, carol } = cast;
  stage.scene('Ann and Carol own "Twins" and leave it at the same instant');
  const job = await ann.client.createRoom({ name: "Twins", users: ["carol", "dave"] });
  await job.done;
  await (
    await ann.client.changeRole(job, { account: "carol", role: "owner" })
  ).done;
  const leave = async (client: Client): Promise<string> => {
    try {
      const left = await client.leave(job);
      await left.done;
      return "left";
    } catch (error) {
      if (error instanceof ParleyError) return error.reason ?? error.code;
      throw error;
    }
  };
  const outcomes = await Promise.all([leave(ann.client), leave(carol.client)]);
  stage.saw("ann", outcomes[0]);
  stage.saw("carol", outcomes[1]);
  const expected = ["last_owner_cannot_leave", "left"];
  stage.check("exactly one of them left", JSON.stringify(outcomes.toSorted()) === JSON.stringify(expected));
  return job;
}

/** Scene 5: room-worker dies between two effects of a removal. */
export async function killMidRemoval({ stage, site, cast }: Setting, room: RoomReference): Promise<void> {
  const { ann, carol, dave, eve, scribe } = cast;
  stage.scene("Ann removes ops; room-worker is killed (SIGKILL) right after it sent the keys");
  await site.process("room-worker").stop();
  const doomed = await site.startProcess("room-worker", {
    ...QUICK,
    PARLEY_TEST_STOP_AFTER: "members_removed:4:SIGKILL",
  });
  const job = await ann.client.removeOrg(room, "ops");
  await doomed.untilExit();
  stage.line(`room-worker (pid ${doomed.pid}) is dead; the removal is stored and half done`);
  const survivors = [ann, carol, scribe];
  const before = await keyBytes(survivors, room, 2);
  stage.check(
    "it died after sending key v2 and before the job was done",
    before.size === 1 && !finished(ann, job.requestId),
  );
  await site.startProcess("room-worker", QUICK);
  stage.line("another room-worker took over");
  await job.done;
  const out = await happens(
    () => finished(ann, job.requestId) && [dave, eve].every(({ client }) => !client.room(room.roomId)),
  );
  stage.check("Dave and Eve are out, and the job is done", out);
  const copies = ann.keysSent.filter(({ roomId, version }) => roomId === room.roomId && version === 2);
  const same = copies.length > 1 && (await keyBytes(survivors, room, 2)).size === 1;
  stage.check("the keys were sent again, the same bytes", same, `${copies.length} copies`);
  stage.check("Dave and Eve never received key v2", (await keyBytes([dave, eve], room, 2)).size === 0);
  const results = ann.events.filter(
    (event) => event.type === "job" && event.result.requestId === job.requestId,
  );
  stage.check("the removal has exactly one result", results.length === 1);
  const last = "Only three of us left.";
  await say(ann, room, last);
  const readOn = await happens(() => survivors.every((actor) => actor.opened(room.roomId).includes(last)));
  stage.check("the three survivors read on", readOn);
}

const finished = (actor: Actor, requestId: string): boolean =>
  actor.events.some((event) => event.type === "job" && event.result.requestId === requestId);
