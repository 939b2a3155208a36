import { randomBytes } from "node:crypto";

import { roomSnapshot } from "@parley/contract/federation";
import { serviceInboxPrefix, HEADERS } from "@parley/contract/headers";
import { uuidV7 } from "@parley/contract/ids";
import { streamDeclarations } from "@parley/contract/streams";
import { connectNats } from "@parley/messaging/connect-nats";
import { declareStreams } from "@parley/messaging/declare-streams";
import { traceOf } from "@parley/messaging/trace";
import type { RoomCommand } from "@parley/room/command";
import { fromSnapshot } from "@parley/room/snapshot";
import type { RoomState } from "@parley/room/state";
import {
  add,
  createChannel,
  happening,
  person,
  remove,
  setPolicy,
  setRole,
} from "@parley/room/test/fixtures";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { expect, inject, test as base } from "vitest";

import { fillOutbox } from "./outbox.ts";
import type { Application } from "./run-effects.ts";

const [PEER, STRANGER] = ["site-b", "site-c"];
const bob = person("bob", { siteId: PEER });
const coe = person("coe", { siteId: STRANGER });

/** The OUTBOX of a site of the test's own, and the step that fills it. */
async function openOutbox(stack: AsyncDisposableStack) {
  const siteId = `o-${randomBytes(5).toString("hex")}`;
  const broker = await connectNats({
    url: inject("natsUrl"),
    name: `test@${siteId}`,
    inboxPrefix: serviceInboxPrefix(siteId),
    domain: "test",
  });
  stack.defer(() => broker.close());
  const { OUTBOX } = streamDeclarations(siteId);
  await declareStreams(broker, { owned: [OUTBOX], used: [], create: true });
  stack.defer(async () => void (await broker.manager.streams.delete(OUTBOX.name)));
  const recorder = createMemoryRecorder();
  const deps = { broker, peers: new Set([PEER]), recorder };
  const limits = { maxRoomSize: 100, maxBatchSize: 100, knownSites: new Set([siteId, PEER, STRANGER]) };

  return {
    siteId,
    recorder,
    limits,
    create: (...users: readonly (typeof bob)[]) =>
      createChannel({ users }, { siteId, limits, creator: person("ann", { siteId }) }),

    /** Makes it happen and fills the OUTBOX, as often as told. */
    async happens(before: RoomState | undefined, command: RoomCommand, times = 1): Promise<Application> {
      const { event, bytes, state } = happening(before, command);
      const trace = traceOf(undefined, uuidV7());
      const application: Application = {
        event,
        bytes,
        before,
        after: state,
        trace,
        streamSequence: event.revision,
      };
      for (let time = 0; time < times; time += 1) await fillOutbox(deps, application);
      return application;
    },

    /** Everything OUTBOX holds, oldest first. */
    async stored() {
      const { state } = await broker.manager.streams.info(OUTBOX.name);
      const found = [];
      for (let seq = 1; seq <= state.last_seq; seq += 1) {
        const message = await broker.manager.direct.getMessage(OUTBOX.name, { seq });
        if (message) found.push(message);
      }
      return found;
    },
  };
}

const test = base.extend("outbox", async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openOutbox(stack);
});

test("a peer gets a snapshot, then the stored bytes of every event unchanged, at last the final one", async ({
  outbox,
}) => {
  const created = await outbox.happens(undefined, outbox.create(bob));
  const promoted = await outbox.happens(created.after, setRole("ann", "bob", "owner"));
  const left = await outbox.happens(promoted.after, remove("ann", "bob"));
  const cat = person("cat", { siteId: outbox.siteId });
  await outbox.happens(left.after, add("ann", { users: [cat] }, { limits: outbox.limits }));

  const { roomId } = created.event;
  const stored = await outbox.stored();
  expect(stored.map(({ subject, header }) => [subject, header.get(HEADERS.messageId)])).toEqual([
    [`outbox.${outbox.siteId}.${PEER}.${roomId}.snapshot`, `${roomId}:1:${PEER}:snapshot`],
    [`outbox.${outbox.siteId}.${PEER}.${roomId}.role_changed`, `${roomId}:2:${PEER}`],
    [`outbox.${outbox.siteId}.${PEER}.${roomId}.final`, `${roomId}:3:${PEER}:final`],
  ]);
  expect(stored.slice(1).map(({ data }) => Uint8Array.from(data))).toEqual([promoted.bytes, left.bytes]);
  expect(stored.map(({ header }) => header.get(HEADERS.requestId))).toEqual(
    [created, promoted, left].map(({ trace }) => trace.requestId),
  );
});

test("a snapshot is the state after the event, as the contract has it, without what only the home needs", async ({
  outbox,
}) => {
  const { after } = await outbox.happens(undefined, outbox.create(bob));
  const [message] = await outbox.stored();
  const body: unknown = message?.json();
  expect(body).not.toHaveProperty("recentRequests");
  expect(after.recentRequests).toHaveLength(1);
  expect(fromSnapshot(roomSnapshot.parse(body))).toEqual({ ...after, recentRequests: [] });
});

test("a site that joins where joining changes the key begins with the policy and the version it made", async ({
  outbox,
}) => {
  const { limits } = outbox;
  const created = await outbox.happens(undefined, outbox.create());
  const policed = await outbox.happens(created.after, setPolicy("ann", true));
  const joined = await outbox.happens(policed.after, add("ann", { users: [bob] }, { limits }));
  const followed = await outbox.happens(
    joined.after,
    add("ann", { users: [person("bea", { siteId: PEER })] }, { limits }),
  );

  const [snapshot, event, ...more] = await outbox.stored();
  expect(more).toEqual([]);
  const begun = roomSnapshot.parse(snapshot?.json());
  expect(begun).toMatchObject({ keyVersion: 1, state: { settings: { rekeyOnJoin: true } } });
  expect(fromSnapshot(begun)).toEqual({ ...joined.after, recentRequests: [] });
  expect(Uint8Array.from(event?.data ?? [])).toEqual(followed.bytes);
});

test("a step that is repeated stores nothing twice", async ({ outbox }) => {
  const { after } = await outbox.happens(undefined, outbox.create(bob), 2);
  const { after: left } = await outbox.happens(after, remove("ann", "bob"), 2);
  await outbox.happens(left, add("ann", { users: [bob] }, { limits: outbox.limits }), 2);
  const types = (await outbox.stored()).map(({ subject }) => subject.split(".").at(-1));
  expect(types).toEqual(["snapshot", "final", "snapshot"]);
});

// R116
test("a site that is no peer is skipped and counted, and holds up nobody else's", async ({ outbox }) => {
  await outbox.happens(undefined, outbox.create(coe, bob));
  expect((await outbox.stored()).map(({ subject }) => subject.split(".")[2])).toEqual([PEER]);
  expect(outbox.recorder.total("outbox_skipped_total", { peer: STRANGER })).toBe(1);
  expect(outbox.recorder.total("outbox_skipped_total")).toBe(1);
});
