import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";

import { CONSUMERS, inboxLane } from "@parley/contract/consumers";
import { canonicalSubjects, roomFilter } from "@parley/contract/events";
import { messageIds } from "@parley/contract/headers";
import type { CanonicalMessage } from "@parley/contract/messages";
import { streamDeclarations, streamName, type StreamName } from "@parley/contract/streams";
import { declareStreams } from "@parley/messaging/declare-streams";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";
import { mongoWaitingRoomStore } from "@parley/mongo/waiting-room-store.mongo";
import type { RoomCommand } from "@parley/room/command";
import { toSnapshot } from "@parley/room/snapshot";
import { add, createChannel, found, happening, person } from "@parley/room/test/fixtures";
import type { RoomState } from "@parley/room/state";
import { describe, expect, test } from "vitest";

import { giveUp } from "../test/give-up.ts";
import { spawnProcess } from "../test/spawn-process.ts";
import { openTestClients } from "../test/test-clients.ts";
import { openTestSite, type TestSite } from "../test/test-site.ts";

const PATIENCE = { timeout: 15_000, interval: 50 };
const FAR_AWAY_MS = 600_000;

/** Runs the command as an operator would. */
async function dead(
  site: { environment: Readonly<Record<string, string>> },
  ...words: readonly string[]
): Promise<{ code: number; lines: readonly string[] }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "dead.ts"), ...words], {
    env: site.environment,
  });
  let output = "";
  const take = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const [code] = (await once(child, "close")) as [number];
  return { code, lines: output.trim().split("\n") };
}

/** The last line of a resend, with its exit code. */
async function resend(site: TestSite, sequence: number): Promise<readonly [number, string | undefined]> {
  const { code, lines } = await dead(site, "resend", String(sequence));
  return [code, lines.at(-1)];
}

const stored = async ({ broker, siteId }: TestSite, stream: StreamName): Promise<number> =>
  (await broker.manager.streams.info(streamName(stream, siteId))).state.messages;

const newRoomId = (): string => `r${randomBytes(8).toString("hex")}`;

/** A channel of ann and bob, and what became of it; nothing of it is stored yet. */
function channelAt(siteId: string, users: readonly string[] = ["bob"]) {
  const limits = { maxRoomSize: 10, maxBatchSize: 10, knownSites: new Set([siteId]) };
  const at = (account: string) => person(account, { siteId });
  const first = happening(
    undefined,
    createChannel(
      { users: users.map(at) },
      { siteId, roomId: newRoomId(), creator: at("ann"), limits, requestId: randomUUID() },
    ),
  );
  const after = (state: RoomState, command: RoomCommand) => happening(state, command);
  const addLater = (account: string) =>
    after(first.state, add("ann", found({ users: [at(account)] }), { limits, requestId: randomUUID() }));
  return { roomId: first.event.roomId, first, addLater };
}

type Happened = ReturnType<typeof happening>;

/** Appends an event as room-service does, behind the room's message of that sequence. */
async function append({ broker }: TestSite, { event, bytes }: Happened, lastSequence = 0): Promise<number> {
  const { siteId, roomId, type, requestId } = event;
  const { seq } = await publishToStream(broker, {
    subject: canonicalSubjects.roomAppend.of({ siteId, roomId, type }),
    payload: bytes,
    messageId: messageIds.roomEvent(roomId, requestId),
    trace: traceOf(undefined, requestId),
    expect: { filter: roomFilter({ siteId, roomId }), lastSequence },
  });
  return seq;
}

const garbage = (subject: string) => ({
  subject,
  payload: new TextEncoder().encode("a secret, and no JSON"),
  messageId: randomUUID(),
  trace: traceOf(undefined, randomUUID()),
});

describe("a message of MESSAGES_CANONICAL", () => {
  test("that two processes gave up reaches both once, however often its copies are sent back", async () => {
    await using site = await openTestSite([{ account: "ann" }, { account: "bob" }]);
    const clients = await openTestClients(site);
    const { siteId, environment } = site;
    const messages = mongoMessageStore(site.database);
    await using _worker = await spawnProcess("room-worker", environment);
    const { roomId, first } = channelAt(siteId, []);
    await append(site, first);
    await clients.result(first.event.requestId);
    const before = await stored(site, "MESSAGES_CANONICAL");
    expect(before).toBe(1);
    const malformed = { reason: "malformed", error: "not one of its type", count: 1 } as const;
    await giveUp(site, { ...malformed, declaration: CONSUMERS.messageStore });
    await giveUp(site, { ...malformed, declaration: CONSUMERS.broadcastWorker });
    await using _service = await spawnProcess("message-service", environment);
    await using _broadcast = await spawnProcess("broadcast-worker", environment);

    const origin = `MESSAGES_CANONICAL_${siteId}:1`;
    const listed = await dead(site, "list");
    expect(listed.code).toBe(0);
    expect(listed.lines).toEqual([
      expect.stringMatching(
        new RegExp(
          `^#1 .* message-service  malformed  ${origin}  room ${roomId}  attempts 1  not one of its`,
        ),
      ),
      expect.stringMatching(/^#2 .* broadcast-worker {2}malformed/),
    ]);
    expect((await dead(site, "list", "--after", "1")).lines).toEqual([listed.lines[1]]);
    expect((await messages.history({ roomId, limit: 10 })).messages).toEqual([]);

    const sent = `Sent back as MESSAGES_CANONICAL_${siteId}:2 of room ${roomId}.`;
    const again = `It was sent back a moment ago as MESSAGES_CANONICAL_${siteId}:2; nothing was sent again.`;
    expect(await resend(site, 1)).toEqual([0, sent]);
    const told = await clients.first(({ subject }) => subject === `chat.room.${siteId}.${roomId}.event`);
    expect(told.body).toMatchObject({ type: "message_created", roomId, seq: 2 });
    expect(await resend(site, 1)).toEqual([0, again]);
    expect(await resend(site, 2)).toEqual([0, again]);

    await expect
      .poll(async () => (await messages.history({ roomId, limit: 10 })).messages.length, PATIENCE)
      .toBe(1);
    expect(await messages.find(roomId, String(told.body["id"]))).toMatchObject({ canonical: true });
    expect(await stored(site, "MESSAGES_CANONICAL")).toBe(before + 1);
    expect(await stored(site, "DEAD")).toBe(2);
  });

  test("is kept from whoever joined since", async () => {
    await using site = await openTestSite([{ account: "ann" }, { account: "bob" }, { account: "eve" }]);
    const clients = await openTestClients(site);
    await using _worker = await spawnProcess("room-worker", site.environment);
    const { roomId, first, addLater } = channelAt(site.siteId, []);
    const sequence = await append(site, first);
    await clients.result(first.event.requestId);
    await giveUp(site, {
      declaration: CONSUMERS.broadcastWorker,
      reason: "failing",
      error: "TypeError",
      count: 1,
    });
    const joined = addLater("eve");
    await append(site, joined, sequence);
    await clients.result(joined.event.requestId);
    const before = await stored(site, "MESSAGES_CANONICAL");

    const [code, told] = await resend(site, 1);
    expect([code, told]).toEqual([
      1,
      expect.stringContaining(`Nothing was sent back: somebody joined room ${roomId} after the message`),
    ]);
    expect(await stored(site, "MESSAGES_CANONICAL")).toBe(before);
  });

  test("of a room that is not at home here is refused", async () => {
    await using site = await openTestSite();
    const { siteId, broker } = site;
    const roomId = newRoomId();
    const messageId = "A".repeat(20);
    const at = Date.now();
    const sender = { account: "ann", kind: "person" } as const;
    const message: CanonicalMessage = {
      type: "created",
      v: 1,
      roomId,
      siteId,
      messageId,
      at,
      actor: sender,
      requestId: randomUUID(),
      revision: 1,
      keyFloor: 0,
      data: { roomId, messageId, createdAt: at, sender: { ...sender, name: "Ann" }, content: "a secret" },
    };
    const subject = canonicalSubjects.messageAppend.of({ siteId, roomId, type: "created" });
    await publishToStream(broker, { ...garbage(subject), payload: encodeJson(message) });
    const given = { reason: "failing", error: "TypeError", count: 1 } as const;
    await giveUp(site, { ...given, declaration: CONSUMERS.broadcastWorker });

    expect(await resend(site, 1)).toEqual([1, `Nothing was sent back: room ${roomId} is not at home here.`]);
    expect(await stored(site, "MESSAGES_CANONICAL")).toBe(1);
  });

  test("that is none is refused, and nothing of it is shown", async () => {
    await using site = await openTestSite();
    const { siteId, broker } = site;
    const roomId = newRoomId();
    await publishToStream(
      broker,
      garbage(canonicalSubjects.messageAppend.of({ siteId, roomId, type: "created" })),
    );
    await using _service = await spawnProcess("message-service", site.environment);
    await expect.poll(() => stored(site, "DEAD"), PATIENCE).toBe(1);

    const { code, lines } = await dead(site, "resend", "1");
    expect([code, lines.at(-1)]).toEqual([
      1,
      expect.stringMatching(/^Nothing was sent back: the bytes are not UTF-8 JSON: it would be parked again/),
    ]);
    expect([...lines, ...(await dead(site, "list")).lines].join("\n")).not.toContain("secret");
    expect(await stored(site, "MESSAGES_CANONICAL")).toBe(1);
  });
});

describe("an event of ROOMS", () => {
  test("that was given up is applied from the log, and never appended again", async () => {
    await using site = await openTestSite([{ account: "ann" }, { account: "bob" }]);
    const clients = await openTestClients(site);
    const { siteId } = site;
    const replicas = mongoReplicaStore(site.database);
    const { roomId, first } = channelAt(siteId);
    await append(site, first);
    await giveUp(site, {
      declaration: CONSUMERS.roomWorker,
      reason: "failing",
      error: "TypeError",
      count: 1,
    });
    // It waits already, and would be tried in ten minutes.
    const nextAt = Date.now() + FAR_AWAY_MS;
    const mark = { roomId, siteId, from: 1, revision: 1, since: Date.now(), nextAt };
    await mongoWaitingRoomStore(site.database).mark(mark);
    await using _worker = await spawnProcess("room-worker", site.environment);
    // Whatever its consumer still handed out would be settled with this.
    const other = channelAt(siteId);
    await append(site, other.first);
    await clients.result(other.first.event.requestId);
    expect((await replicas.find(roomId))?.applied).toBe(0);

    expect(await resend(site, 1)).toEqual([
      0,
      `Room ${roomId} waits from revision 1 on; room-worker reads it again within seconds.`,
    ]);
    expect(await clients.result(first.event.requestId)).toMatchObject({ status: "ok", revision: 1 });
    await expect.poll(async () => await replicas.find(roomId), PATIENCE).toMatchObject({ applied: 1 });
    await expect.poll(async () => (await replicas.find(roomId))?.waiting, PATIENCE).toBeUndefined();

    expect(await resend(site, 1)).toEqual([
      0,
      `Room ${roomId} has come to revision 1 without it; there is nothing to bring back.`,
    ]);
    expect((await replicas.find(roomId))?.waiting).toBeUndefined();
    expect(await stored(site, "ROOMS")).toBe(2);
  });

  test("that is none cannot come back: everybody skips it", async () => {
    await using site = await openTestSite();
    const { siteId, broker } = site;
    const roomId = newRoomId();
    await publishToStream(
      broker,
      garbage(canonicalSubjects.roomAppend.of({ siteId, roomId, type: "room_created" })),
    );
    await using _worker = await spawnProcess("room-worker", site.environment);
    await expect.poll(() => stored(site, "DEAD"), PATIENCE).toBe(1);

    const [code, told] = await resend(site, 1);
    expect([code, told]).toEqual([1, expect.stringContaining("every reader of the room's log skips it")]);
    expect(await mongoReplicaStore(site.database).find(roomId)).toBeUndefined();
  });
});

/** A site whose INBOX takes the lanes of two peers, which are OUTBOX streams of the same broker. */
async function openLanes(stack: AsyncDisposableStack) {
  const site = stack.use(await openTestSite([{ account: "bob" }]));
  const { siteId, broker } = site;
  const peers = [`${siteId}-a`, `${siteId}-b`] as const;
  for (const peer of peers) {
    const { OUTBOX } = streamDeclarations(peer);
    await declareStreams(broker, { owned: [OUTBOX], used: [], create: true });
    stack.defer(async () => void (await broker.manager.streams.delete(OUTBOX.name)));
  }
  const inbox = streamName("INBOX", siteId);
  const { config } = await broker.manager.streams.info(inbox);
  const sources = peers.map((peer) => ({
    name: streamName("OUTBOX", peer),
    filter_subject: `outbox.${peer}.${siteId}.>`,
  }));
  await broker.manager.streams.update(inbox, { ...config, sources });
  const environment = { ...site.environment, PEERS: peers.join(","), ROOM_KEY_MAX_REDELIVER: "1" };
  return { ...site, environment, peers };
}

/** The room as its home sends it to a site that joins, with somebody of that site in it. */
function snapshotFor(siteId: string, home: string) {
  const limits = { maxRoomSize: 10, maxBatchSize: 10, knownSites: new Set([home, siteId]) };
  const creator = person("ann", { siteId: home });
  const users = [person("bob", { siteId })];
  const { event, state } = happening(
    undefined,
    createChannel({ users }, { siteId: home, roomId: newRoomId(), creator, limits }),
  );
  const { recentRequests: _atHomeOnly, ...snapshot } = toSnapshot(state);
  return { roomId: event.roomId, state, snapshot: { v: 1, ...snapshot } };
}

describe("an arrival of INBOX", () => {
  test("that was given up is read again from its lane, under its own home alone", async () => {
    await using stack = new AsyncDisposableStack();
    const site = await openLanes(stack);
    const { siteId, broker, peers } = site;
    const [home, other] = peers;
    const replicas = mongoReplicaStore(site.database);
    const { roomId, snapshot } = snapshotFor(siteId, home);
    const say = (peer: string, body: unknown) =>
      publishToStream(broker, {
        ...garbage(`outbox.${peer}.${siteId}.${roomId}.snapshot`),
        payload: encodeJson(body),
      });
    await say(home, snapshot);
    await say(other, { ...snapshot, siteId: other });
    const given = { reason: "malformed", error: "the snapshot is none of its release", count: 1 } as const;
    await giveUp(site, { ...given, declaration: inboxLane(siteId, home) });
    await giveUp(site, { ...given, declaration: inboxLane(siteId, other) });
    await using _worker = await spawnProcess("inbox-worker", site.environment);
    expect(await replicas.find(roomId)).toBeUndefined();

    expect(await resend(site, 1)).toEqual([
      0,
      `Room ${roomId} waits from revision 1 on; inbox-worker reads it again within seconds.`,
    ]);
    await expect.poll(() => replicas.find(roomId), PATIENCE).toMatchObject({ siteId: home, applied: 1 });
    await expect.poll(async () => (await replicas.find(roomId))?.waiting, PATIENCE).toBeUndefined();
    expect((await replicas.find(roomId))?.state?.members.size).toBe(2);
    // Nobody answers for this home, so the room's key is still missing: the lane is worth reading once more.
    expect(await resend(site, 1)).toEqual([
      0,
      `Room ${roomId} waits from revision 2 on; inbox-worker reads it again within seconds.`,
    ]);

    const [code, told] = await resend(site, 2);
    expect([code, told]).toEqual([
      1,
      `Nothing was sent back: room ${roomId} is at home at ${home}, and nobody else may speak of it.`,
    ]);
    expect(await replicas.find(roomId)).toMatchObject({ siteId: home, applied: 1 });
    expect(await stored(site, "INBOX")).toBe(2);
  });

  test("that is none, or that INBOX has let go, is refused and marks no room", async () => {
    await using stack = new AsyncDisposableStack();
    const site = await openLanes(stack);
    const { siteId, broker, peers } = site;
    const [home] = peers;
    const { roomId, snapshot } = snapshotFor(siteId, home);
    const lane = `outbox.${home}.${siteId}.${roomId}`;
    await publishToStream(broker, { ...garbage(`${lane}.snapshot`), payload: encodeJson(snapshot) });
    await publishToStream(broker, garbage(`${lane}.room_created`));
    const given = { reason: "malformed", error: "none", count: 2 } as const;
    await giveUp(site, { ...given, declaration: inboxLane(siteId, home) });
    const inbox = streamName("INBOX", siteId);
    const { config } = await broker.manager.streams.info(inbox);
    await broker.manager.streams.update(inbox, { ...config, max_msgs: 1 });

    expect(await resend(site, 1)).toEqual([
      1,
      expect.stringContaining(`${inbox} does not hold it any more.`),
    ]);
    expect(await resend(site, 2)).toEqual([
      1,
      expect.stringMatching(/^Nothing was sent back: the bytes are not UTF-8 JSON: it would be parked again/),
    ]);
    expect(await mongoReplicaStore(site.database).find(roomId)).toBeUndefined();
  });

  test("that was applied without its key is read again, so that the home is asked for it once more", async () => {
    await using stack = new AsyncDisposableStack();
    const site = await openLanes(stack);
    const { siteId, broker, peers } = site;
    const [home] = peers;
    const { roomId, snapshot, state } = snapshotFor(siteId, home);
    await publishToStream(broker, {
      ...garbage(`outbox.${home}.${siteId}.${roomId}.snapshot`),
      payload: encodeJson(snapshot),
    });
    await giveUp(site, { declaration: inboxLane(siteId, home), reason: "failing", error: "Error", count: 1 });
    const replicas = mongoReplicaStore(site.database);
    await replicas.replace({ state, repair: false, missingKey: { version: 0, attempts: 0 } });

    expect((await resend(site, 1))[0]).toBe(0);
    expect((await replicas.find(roomId))?.waiting).toMatchObject({ revision: 1 });
    await using _worker = await spawnProcess("inbox-worker", site.environment);
    await expect.poll(async () => (await replicas.find(roomId))?.waiting, PATIENCE).toBeUndefined();
    // Nobody answers for this home: the attempt is counted, and what is missing stays noted.
    expect((await replicas.find(roomId))?.missingKey).toEqual({ version: 0, attempts: 1 });
  });
});

describe("the command", () => {
  test("says so when there is nothing, or no such message", async () => {
    await using site = await openTestSite();
    const stream = streamName("DEAD", site.siteId);
    expect(await dead(site, "list")).toEqual({ code: 0, lines: [`${stream} is empty.`] });
    expect(await dead(site, "list", "--after", "7")).toEqual({
      code: 0,
      lines: [`${stream} holds nothing after 7.`],
    });
    expect(await dead(site, "resend", "7")).toEqual({
      code: 1,
      lines: [`${stream} holds no parked message 7. Look with: node libs/site/src/dead.ts list`],
    });
  });

  test("takes no other words, and names each fault of its environment before it connects", async () => {
    const usage = ["usage: node libs/site/src/dead.ts list [--after SEQ] | resend SEQ"];
    const nowhere = { environment: {} };
    expect(await dead(nowhere)).toEqual({ code: 1, lines: usage });
    expect(await dead(nowhere, "resend", "all")).toEqual({ code: 1, lines: usage });

    const { code, lines } = await dead({ environment: { SITE_ID: "alpha" } }, "resend", "1");
    expect(code).toBe(1);
    expect(lines).toContain("  NATS_URL is required");
    expect(lines).toContain("  MONGO_URL is required");
    expect((await dead({ environment: { SITE_ID: "alpha" } }, "list")).lines).not.toContain(
      "  MONGO_URL is required",
    );
  });
});
