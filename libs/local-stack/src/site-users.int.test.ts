import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { jetstream, jetstreamManager, type JetStreamManager, type StreamSource } from "@nats-io/jetstream";
import { connect, nanos, PermissionViolationError, type NatsConnection } from "@nats-io/transport-node";
import { CONSUMERS, inboxLane, LOCAL_LANE, PIN_GROUP } from "@parley/contract/consumers";
import { canonicalSubjects, roomFilter } from "@parley/contract/events";
import { userInboxPrefix } from "@parley/contract/headers";
import { PROCESSES, type ProcessName } from "@parley/contract/processes";
import { inboxSources, STREAM_OWNERS, streamDeclarations, streamName } from "@parley/contract/streams";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startNatsServer, type NatsServer } from "./nats-server.ts";
import { processInboxPrefix } from "./permissions.ts";
import { createSiteUsers, natsAccounts } from "./site-users.ts";

const STREAMS = ["ROOMS", "MESSAGES_CANONICAL", "OUTBOX", "INBOX", "DEAD"] as const;
const siteId = "alpha";
const peer = "beta";
const roomId = "jHjHNiEuCoJo8Nrzp";
const users = createSiteUsers(["ann", "bob", "jürgen+1"]);
const rooms = streamName("ROOMS", siteId);

const running = new AsyncDisposableStack();
let server: NatsServer;
const processes = new Map<ProcessName, NatsConnection>();

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), "site-users-"));
  running.defer(() => rmSync(dir, { recursive: true, force: true }));
  server = await startNatsServer({
    dir,
    domain: siteId,
    accounts: natsAccounts({ siteId, peers: [peer], users }),
  });
  running.defer(() => server.stop());
  for (const process of PROCESSES) {
    processes.set(process, await connectAs(users.services[process], processInboxPrefix(process, siteId)));
  }
  for (const stream of STREAMS) {
    const { subject_transform: transform, ...declared } = streamDeclarations(siteId)[stream];
    const owner = await managerOf(STREAM_OWNERS[stream]);
    await owner.streams.add({
      ...declared,
      subjects: [...declared.subjects],
      ...(transform === undefined ? {} : { subject_transform: transform }),
    });
  }
});
afterAll(() => running.disposeAsync());

async function connectAs(
  login: { user: string; password: string },
  inboxPrefix?: string,
): Promise<NatsConnection> {
  const connection = await connect({
    servers: server.url,
    user: login.user,
    pass: login.password,
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
  });
  running.defer(() => connection.close());
  return connection;
}

function client(account: string): Promise<NatsConnection> {
  const login = users.accounts[account];
  if (!login) throw new Error(`${account} has no login`);
  return connectAs(login, userInboxPrefix(siteId, account));
}

function processConnection(process: ProcessName): NatsConnection {
  const connection = processes.get(process);
  if (!connection) throw new Error(`${process} is not connected`);
  return connection;
}

function managerOf(process: ProcessName): Promise<JetStreamManager> {
  return jetstreamManager(processConnection(process));
}

/** What listening on a subject ends in: the broker's refusal, or nothing. */
async function refusalOf(connection: NatsConnection, subject: string): Promise<Error | undefined> {
  let refusal: Error | undefined;
  const subscription = connection.subscribe(subject, {
    callback: (error) => {
      refusal = error ?? refusal;
    },
  });
  await connection.flush();
  subscription.unsubscribe();
  return refusal;
}

/** Answers requests as a process that trusts every reply subject. */
async function answering(process: ProcessName, subject: string): Promise<Disposable> {
  const connection = processConnection(process);
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      expect(error).toBeNull();
      message.respond("answer");
    },
  });
  await connection.flush();
  return { [Symbol.dispose]: () => subscription.unsubscribe() };
}

const streamNames = STREAMS.map((stream) => streamName(stream, siteId));

/** First and last sequence and the number of messages of every stream. */
async function streamStates() {
  const states = await Promise.all(
    STREAMS.map(async (stream) => {
      const owner = await managerOf(STREAM_OWNERS[stream]);
      return (await owner.streams.info(streamName(stream, siteId))).state;
    }),
  );
  expect(states.reduce((sum, { messages }) => sum + messages, 0)).toBeGreaterThan(0);
  return states;
}

async function lastSequence(): Promise<number> {
  return (await (await managerOf("room-service")).streams.info(rooms)).state.last_seq;
}

async function append(type: string, expected: number): Promise<number> {
  const subject = canonicalSubjects.roomAppend.of({ siteId, roomId, type });
  const appended = await jetstream(processConnection("room-service")).publish(subject, "{}", {
    expect: { lastSubjectSequence: expected, lastSubjectSequenceSubject: roomFilter({ siteId, roomId }) },
  });
  return appended.seq;
}

describe("the rights of a process suffice for its work", () => {
  test("room-service appends and reads back; room-worker consumes pinned, settles and unpins", async () => {
    const service = await managerOf("room-service");
    const worker = await managerOf("room-worker");
    const { durable } = CONSUMERS.roomWorker;
    await worker.consumers.add(rooms, {
      durable_name: durable,
      ack_policy: "explicit",
      priority_policy: "pinned_client",
      priority_groups: [PIN_GROUP],
      priority_timeout: nanos(3_000),
    });
    await worker.consumers.update(rooms, durable, { ack_wait: nanos(10_000) });

    const first = await append("room_created", 0);
    await append("members_added", first);

    const filter = roomFilter({ siteId, roomId });
    expect((await service.streams.getMessage(rooms, { last_by_subj: filter }))?.seq).toBe(first + 1);
    expect((await service.direct.getMessage(rooms, { last_by_subj: filter }))?.seq).toBe(first + 1);
    expect((await service.direct.getMessage(rooms, { seq: first }))?.seq).toBe(first);
    const tail = await service.direct.getBatch(rooms, { seq: first, batch: 10, next_by_subj: filter });
    const read: number[] = [];
    for await (const { seq } of tail) {
      read.push(seq);
    }
    expect(read).toEqual([first, first + 1]);
    const consumer = await jetstream(processConnection("room-worker")).consumers.get(rooms, durable);
    const batch = await consumer.fetch({ group: PIN_GROUP, max_messages: 2, expires: 2_000 });
    const sequences: number[] = [];
    for await (const message of batch) {
      sequences.push(message.seq);
      expect(await message.ackAck()).toBe(true);
    }
    expect(sequences).toEqual([first, first + 1]);
    expect((await worker.consumers.info(rooms, durable)).num_ack_pending).toBe(0);
    await worker.consumers.unpin(rooms, durable, PIN_GROUP);
  });

  test("inbox-worker sources its peers' OUTBOX and works on the lane of each, pinned", async () => {
    const worker = await managerOf("inbox-worker");
    const inbox = streamName("INBOX", siteId);
    const sources = structuredClone(inboxSources(siteId, [peer])) as StreamSource[];
    const { config } = await worker.streams.update(inbox, { sources: [] });
    expect(config.sources ?? []).toEqual([]);
    await worker.streams.update(inbox, { sources });
    expect((await worker.streams.info(inbox)).config.sources).toMatchObject(sources);

    for (const lane of [peer, LOCAL_LANE]) {
      const { durable, filter = "" } = inboxLane(siteId, lane);
      await worker.consumers.add(inbox, {
        durable_name: durable,
        filter_subject: filter,
        ack_policy: "explicit",
        priority_policy: "pinned_client",
        priority_groups: [PIN_GROUP],
        priority_timeout: nanos(3_000),
      });
      await worker.consumers.update(inbox, durable, { ack_wait: nanos(10_000) });
      const consumer = await jetstream(processConnection("inbox-worker")).consumers.get(inbox, durable);
      const batch = await consumer.fetch({ group: PIN_GROUP, max_messages: 1, expires: 1_000 });
      for await (const { seq } of batch) {
        expect.unreachable(`the lane ${lane} holds ${seq}`);
      }
      await worker.consumers.unpin(inbox, durable, PIN_GROUP);
    }
  });

  test("a client asks at its own inbox and the service answers", async () => {
    using _answering = await answering("room-service", `chat.user.*.*.request.directory.${siteId}.search`);

    for (const account of ["ann", "jürgen+1"]) {
      const connection = await client(account);
      const reply = await connection.request(
        `chat.user.alpha.${account}.request.directory.alpha.search`,
        "{}",
      );
      expect(reply.string()).toBe("answer");
    }
  });
});

describe("nobody may purge or delete", () => {
  beforeAll(async () => {
    await append("role_changed", await lastSequence());
  });

  test.each(PROCESSES)("%s", async (process) => {
    const connection = processConnection(process);
    const before = await streamStates();
    const verbs = ["STREAM.PURGE", "STREAM.DELETE", "STREAM.MSG.DELETE"];
    const commands = streamNames.flatMap((name) => verbs.map((verb) => `${verb}.${name}`));

    for (const command of commands) {
      const request = connection.request(`$JS.API.${command}`, JSON.stringify({ seq: 1 }));
      await expect(request).rejects.toThrow(/Permissions Violation/);
      // The broker names the mapped subject in its refusal of this spelling, which the client cannot match.
      connection.publish(`$JS.${siteId}.API.${command}`, JSON.stringify({ seq: 1 }));
    }
    await connection.flush();

    expect(await streamStates()).toEqual(before);
  });

  test("not even through a service that answers on any reply subject", async () => {
    using _answering = await answering("room-service", `chat.user.*.*.request.directory.${siteId}.search`);
    const before = await streamStates();
    const ann = await client("ann");

    ann.publish("chat.user.alpha.ann.request.directory.alpha.search", "{}", {
      reply: `$JS.API.STREAM.PURGE.${rooms}`,
    });
    await ann.request("chat.user.alpha.ann.request.directory.alpha.search", "{}");

    expect(await streamStates()).toEqual(before);
  });
});

describe("a client keeps to itself", () => {
  test.each([
    ["for another account", "chat.user.alpha.bob.request.directory.alpha.search"],
    ["from another home", "chat.user.beta.ann.request.directory.alpha.search"],
    ["a canonical event", canonicalSubjects.roomAppend.of({ siteId, roomId, type: "room_created" })],
    ["a server request", "chat.server.request.roomkey.alpha.get.alpha"],
    ["a broker command", "$JS.API.INFO"],
  ])("publishing %s is refused", async (_what, subject) => {
    await expect((await client("ann")).request(subject, "{}")).rejects.toThrow(/Permissions Violation/);
  });

  test.each([
    ["events of another account", "chat.user.alpha.bob.event.>"],
    ["job results of another account", "chat.user.alpha.bob.response.>"],
    ["replies to another account", "_INBOX.user.alpha.bob.>"],
    ["replies to a process", "_INBOX.svc.alpha.room-service.>"],
    ["requests", "chat.user.*.*.request.>"],
    ["canonical events", "chat.room.canonical.>"],
    ["everything", ">"],
  ])("listening to %s is refused", async (_what, subject) => {
    expect(await refusalOf(await client("ann"), subject)).toBeInstanceOf(PermissionViolationError);
  });

  test("listening to its own events and to any room is not", async () => {
    const ann = await client("ann");

    for (const subject of ["chat.user.alpha.ann.event.>", "chat.room.*.*.event", "chat.room.*.*.event.>"]) {
      expect(await refusalOf(ann, subject)).toBeUndefined();
    }
  });

  test("with the default reply prefix no request can be made", async () => {
    using _answering = await answering("room-service", `chat.user.*.*.request.directory.${siteId}.search`);
    const ann = await connectAs(users.accounts["ann"] ?? { user: "", password: "" });

    await expect(ann.request("chat.user.alpha.ann.request.directory.alpha.search", "{}")).rejects.toThrow(
      /Permissions Violation for Subscription/,
    );
  });

  test("without a login nobody gets in", async () => {
    await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow(
      /Authorization Violation/,
    );
  });
});
