import { randomUUID } from "node:crypto";

import type { RoomReference } from "@parley/client/client";
import { canonicalSubjects } from "@parley/contract/events";
import type { ProcessName } from "@parley/contract/processes";
import { PROCESSES } from "@parley/contract/processes";
import { roomSubjects } from "@parley/contract/notices";
import { streamName } from "@parley/contract/streams";
import { isServing } from "@parley/local-stack/probe";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { readAt } from "@parley/messaging/parked";
import { publishBytes, publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { snapshotOf } from "../cast/lies.ts";
import { mutationsOf } from "../cast/mutations.ts";

const MUTATIONS = 200;
/** Printed with a failure, it makes the same envelopes again. */
const SEED = 20_261_121;
let stack: Stack;
let alpha: Site;
let beta: Site;
let ann: Actor;
/** At home at beta. */
let zoe: Actor;
/** A room that nobody tampers with. */
let healthy: RoomReference;
let pids: ReadonlyMap<string, number>;

const sites = (): readonly Site[] => [alpha, beta];
const everyProcess = () => sites().flatMap((site) => PROCESSES.map((name) => site.process(name)));

beforeAll(async () => {
  const directory = directoryFile("fuzzed-envelopes", [
    { account: "ann" },
    { account: "zoe", homeSite: "beta" },
  ]);
  stack = await startStack({ sites: 2, directory });
  [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  [ann, zoe] = await Promise.all([enter(alpha, "ann"), enter(beta, "zoe")]);
  healthy = await newRoom("Healthy");
  pids = new Map(everyProcess().map(({ log, pid }) => [log, pid]));
});
afterAll(async () => {
  for (const actor of [ann, zoe]) await actor[Symbol.asyncDispose]();
  await stack.stop();
});

async function newRoom(name: string): Promise<RoomReference> {
  const room = await ann.client.createRoom({ name, users: ["zoe"] });
  await room.done;
  expect(
    await happens(() => zoe.events.some((event) => event.type === "added" && event.roomId === room.roomId)),
  ).toBe(true);
  return room;
}

/** The newest message of a stream, as JSON. */
async function newestOf({ broker }: Inspection, stream: string): Promise<Record<string, unknown>> {
  const { state } = await broker.manager.streams.info(stream);
  const message = await readAt(broker, { stream, sequence: state.last_seq });
  if (!message) throw new Error(`${stream} is empty`);
  return JSON.parse(Buffer.from(message.data).toString());
}

interface Lane {
  /** Who may publish on the subject. */
  readonly process: ProcessName;
  readonly subject: string;
  readonly envelope: Record<string, unknown>;
}

/** Puts many mutations of an envelope where the real ones go. */
async function tamper({ process, subject, envelope }: Lane): Promise<void> {
  await using inspection = await inspectSite(alpha, process);
  for (const payload of mutationsOf(envelope, { count: MUTATIONS, seed: SEED })) {
    const trace = traceOf(undefined, randomUUID());
    await publishToStream(inspection.broker, { subject, payload, messageId: randomUUID(), trace });
  }
}

/** Whoever takes part in the healthy room goes on, and no process has ended or begun anew. */
async function expectEverythingRuns(): Promise<void> {
  const content = `all is well ${randomUUID()}`;
  await ann.client.send(healthy, { content });
  for (const actor of [ann, zoe])
    expect(await happens(() => actor.opened(healthy.roomId).includes(content), 30_000)).toBe(true);
  const name = content.slice(0, 30);
  await (
    await ann.client.renameRoom(healthy, name)
  ).done;
  const atBeta = { ...healthy, siteId: "beta" };
  expect(await happens(async () => (await zoe.client.getRoom(atBeta)).room.name === name, 30_000)).toBe(true);
  for (const process of everyProcess()) {
    expect(await happens(() => isServing(process.probe))).toBe(true);
    expect(process.pid).toBe(pids.get(process.log));
  }
}

// K15
test("accepted messages", async () => {
  const room = await newRoom("Messages");
  await ann.client.send(room, { content: "real" });
  await using inspection = await inspectSite(alpha, "message-service");
  const envelope = await newestOf(inspection, streamName("MESSAGES_CANONICAL", "alpha"));
  const subject = canonicalSubjects.messageAppend.of({ ...room, type: "created" });
  await tamper({ process: "message-service", subject, envelope });
  await expectEverythingRuns();
});

// K15
test("events of a room", async () => {
  const room = await newRoom("Events");
  await using inspection = await inspectSite(alpha);
  const envelope = await newestOf(inspection, streamName("ROOMS", "alpha"));
  const subject = canonicalSubjects.roomAppend.of({ ...room, type: "room_renamed" });
  await tamper({ process: "room-service", subject, envelope });
  await expectEverythingRuns();
});

// K15
test("events, snapshots and own state on the way to another site", async () => {
  const room = await newRoom("Lanes");
  await using inspection = await inspectSite(alpha);
  const event = await newestOf(inspection, streamName("ROOMS", "alpha"));
  const { state } = await inspection.verify(room.roomId);
  if (!state) throw new Error("the room has no log");
  const snapshot: Record<string, unknown> = snapshotOf(state);
  const memberState = { ...room, account: "ann", joinedAt: state.createdAt, lastSeenAt: state.createdAt };
  const envelopes = { room_renamed: event, snapshot, final: event, member_state: memberState };
  for (const [type, envelope] of Object.entries(envelopes)) {
    const subject = canonicalSubjects.outbox.of({ ...room, dest: "beta", type });
    await tamper({ process: type === "member_state" ? "room-service" : "room-worker", subject, envelope });
  }
  await expectEverythingRuns();
});

// K15
test("sealed events at a client", async () => {
  const room = await newRoom("Sealed");
  await ann.client.send(room, { content: "real" });
  const isOfRoom = ({ roomId }: { readonly roomId: string }): boolean => roomId === room.roomId;
  expect(await happens(() => ann.overheard.some(isOfRoom))).toBe(true);
  const envelope = { ...ann.overheard.findLast(isOfRoom) };
  await using inspection = await inspectSite(alpha, "broadcast-worker");
  const subject = roomSubjects.event.of(room);
  for (const payload of mutationsOf(envelope, { count: MUTATIONS, seed: SEED }))
    publishBytes(inspection.broker, { subject, payload, trace: traceOf(undefined, randomUUID()) });
  await inspection.broker.connection.flush();
  await ann.client.send(room, { content: "after all that" });
  for (const actor of [ann, zoe]) {
    expect(await happens(() => actor.opened(room.roomId).includes("after all that"), 30_000)).toBe(true);
    // What stands in nobody's history was shown to nobody.
    const { messages } = await actor.client.history(room);
    const known = new Set(messages.map(({ content }) => content));
    expect(actor.opened(room.roomId).filter((content) => !known.has(content))).toEqual([]);
  }
  await expectEverythingRuns();
});

// K15
test("a real body under another envelope opens nowhere, and the same one again is shown once", async () => {
  const [room, other] = [await newRoom("Replayed"), await newRoom("Elsewhere")];
  await ann.client.send(room, { content: "said once" });
  await ann.client.send(room, { content: "said later" });
  expect(await happens(() => zoe.opened(room.roomId).length === 2)).toBe(true);
  const [first, second] = ann.overheard.filter(
    ({ roomId, type }) => roomId === room.roomId && type === "message_created",
  );
  if (!first || !second) throw new Error("nothing was overheard");
  const { sealed } = first;
  const forged = {
    "the id of another message": { ...first, id: second.id },
    "an id nobody gave": { ...first, id: "0000000000000000Msg9" },
    "a later time": { ...first, at: first.at + 1 },
    "an edit of it": { ...first, type: "message_edited" },
    "a message of another room": { ...first, roomId: other.roomId },
    "another version": { ...first, id: "0000000000000000Msg8", sealed: { ...sealed, version: 1 } },
    "another sender's ephemeral key": {
      ...first,
      id: "0000000000000000Msg7",
      sealed: { ...sealed, ephemeralPublicKey: second.sealed.nonce },
    },
    "an algorithm without a commitment": {
      ...first,
      at: first.at + 2,
      sealed: { ...sealed, alg: "p256-hkdf-sha256-aes256gcm" },
    },
    "an algorithm nobody knows": { ...first, at: first.at + 3, sealed: { ...sealed, alg: "rot13" } },
    "the very same": first,
  };
  await using inspection = await inspectSite(alpha, "broadcast-worker");
  for (const event of Object.values(forged))
    publishBytes(inspection.broker, {
      subject: roomSubjects.event.of(event),
      payload: Buffer.from(JSON.stringify(event)),
      trace: traceOf(undefined, randomUUID()),
    });
  await inspection.broker.connection.flush();
  await ann.client.send(room, { content: "the end" });
  await ann.client.send(other, { content: "the end" });
  for (const actor of [ann, zoe]) {
    for (const { roomId } of [room, other])
      expect(await happens(() => actor.opened(roomId).includes("the end"), 30_000)).toBe(true);
    expect(actor.opened(room.roomId)).toEqual(["said once", "said later", "the end"]);
    expect(actor.opened(other.roomId)).toEqual(["the end"]);
  }
  const reasons = zoe.events.flatMap((event) =>
    event.type === "unopened" && event.roomId === room.roomId ? [event.reason] : [],
  );
  expect(reasons).toContain("corrupt");
  expect(reasons).toContain("unknown");
});
