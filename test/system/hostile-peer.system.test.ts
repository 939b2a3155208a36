import { randomUUID } from "node:crypto";

import type { RoomReference } from "@parley/client/client";
import { inboxLane } from "@parley/contract/consumers";
import { canonicalSubjects } from "@parley/contract/events";
import { OUTBOX_TYPES } from "@parley/contract/federation";
import { uuidV7 } from "@parley/contract/ids";
import { userSubjects } from "@parley/contract/notices";
import { getRoomKey, openDirect } from "@parley/contract/server-requests";
import { streamName } from "@parley/contract/streams";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { sendRequest } from "@parley/messaging/ask-process";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { removeFromRoster } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { LIES, nextEvent, snapshotOf, type Said } from "../cast/lies.ts";
import { METRICS_IN_LOG, metricOf } from "../cast/metric-of.ts";

const ROWS_MAX = 100;
const ASK_TIMEOUT_MS = 5000;

let stack: Stack;
let alpha: Site;
/** Alpha's log, projections and INBOX. */
let home: Inspection;
let inbox: Inspection;
/** Beta's operator, who may say on its OUTBOX whatever its room-worker may, and ask whatever its room-service may. */
let peer: Inspection;
let asking: Inspection;
/** At home at alpha, and at home at beta. */
let ann: Actor;
let carol: Actor;
/** Of alpha, with a member of beta; and one in which beta has no part. */
let shared: RoomReference;
let secret: RoomReference;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("hostile-peer", [
      { account: "ann" },
      { account: "dave" },
      { account: "carol", homeSite: "beta" },
      { account: "dora", homeSite: "beta" },
    ]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": {},
      "inbox-worker": { environment: METRICS_IN_LOG },
    },
  });
  alpha = stack.site("alpha");
  const beta = stack.site("beta");
  [home, inbox, peer, asking] = await Promise.all([
    inspectSite(alpha),
    inspectSite(alpha, "inbox-worker"),
    inspectSite(beta),
    inspectSite(beta, "room-service"),
  ]);
  [ann, carol] = await Promise.all([enter(alpha, "ann"), enter(beta, "carol")]);
  shared = await openRoom(ann, ["carol", "dave"]);
  secret = await openRoom(ann, ["dave"]);
});
afterAll(async () => {
  for (const actor of [ann, carol]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, inbox, peer, asking]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

async function openRoom(creator: Actor, users: readonly string[]): Promise<RoomReference> {
  const room = await creator.client.createRoom({ name: "Honest", users });
  await room.done;
  return room;
}

const newTrace = () => traceOf(undefined, uuidV7(Date.now()));

/** A room of beta that ann is in, as alpha's replica holds it, and the state that it has at beta. */
async function openRoomOfBeta(): Promise<{ room: RoomReference; state: RoomState }> {
  const room = await openRoom(carol, ["ann", "dora"]);
  expect(await differencesInTheEnd(room)).toEqual([]);
  const { state } = await peer.verify(room.roomId);
  if (!state) throw new Error("the room has no log");
  return { room, state };
}

/** What differs between a room of beta and its replica once they had the time to be the same. */
async function differencesInTheEnd({ roomId }: RoomReference): Promise<readonly string[]> {
  const differences = () => compareSites({ home: peer, away: home, awaySite: "alpha" }, roomId);
  await happens(async () => (await differences()).length === 0);
  return differences();
}

/** Puts a message on beta's lane to alpha, as no room-worker would. */
async function say(of: { roomId: string; type: string; payload: Uint8Array }): Promise<void> {
  await publishToStream(peer.broker, {
    subject: canonicalSubjects.outbox.of({ siteId: "beta", dest: "alpha", ...of }),
    payload: of.payload,
    messageId: randomUUID(),
    trace: newTrace(),
  });
}

/** What alpha holds of a room: replica or own document, and every row. */
async function held({ roomId }: Pick<RoomReference, "roomId">) {
  const { database } = home.mongo;
  const { rows } = await mongoSubscriptionStore(database).listMembers({ roomId, limit: ROWS_MAX });
  const { waiting, ...replica } = (await mongoReplicaStore(database).find(roomId)) ?? {};
  return { waiting, replica, rows };
}

/** What is held of a room, but for a mark that something waits. */
async function heldOf(room: RoomReference) {
  const { waiting: _mark, ...rest } = await held(room);
  return rest;
}

/** Waits until alpha has been handed everything that beta has said so far, and has settled it. */
async function untilSettled(): Promise<void> {
  // On the same lane, so it arrives after all that was said before.
  await openRoomOfBeta();
  const { durable } = inboxLane("alpha", "beta");
  const settled = async (): Promise<boolean> => {
    const info = await inbox.broker.manager.consumers.info(streamName("INBOX", "alpha"), durable);
    return info.num_pending === 0 && info.num_ack_pending === 0;
  };
  expect(await happens(settled)).toBe(true);
}

const counted = (name: "messages_parked_total" | "room_divergence_total", label: object): number =>
  metricOf(alpha.process("inbox-worker"), name, { ...label });

describe("a peer that says what it may not say", () => {
  // R103
  test.each(Object.entries(LIES))("%s: it is parked and counted, and changes nothing", async (_what, lie) => {
    const { room, state } = await openRoomOfBeta();
    const rooms = [room, shared, secret];
    const before = await Promise.all(rooms.map(held));
    const parked = () => counted("messages_parked_total", { process: "inbox-worker", reason: "malformed" });
    const parkedBefore = parked();

    await say(lie(state, { shared, secret }));
    expect(await happens(() => parked() === parkedBefore + 1)).toBe(true);
    await untilSettled();
    expect(await Promise.all(rooms.map(held))).toEqual(before);
    expect((await home.verify(shared.roomId)).differences).toEqual([]);
  });
});

/** Lies about a room of beta's own that its laws give away, and the law that does. */
const DIVERGING: Readonly<Record<string, { law: string; of: (state: RoomState) => Said }>> = {
  "an event that does not continue the chain": {
    law: "chain",
    of: (state) => ({
      roomId: state.roomId,
      type: "room_renamed",
      payload: encodeJson({ ...nextEvent(state), prev: "AAAA" }),
    }),
  },
  "an event with the hash of another roster": {
    law: "roster_hash",
    of: (state) => ({
      roomId: state.roomId,
      type: "room_renamed",
      payload: encodeJson({ ...nextEvent(state), rosterHash: "0".repeat(64) }),
    }),
  },
  "a snapshot that leaves out a member": {
    law: "roster_hash",
    of: (state) => {
      const snapshot = snapshotOf(state);
      const members = snapshot.state.members.filter(({ account }) => account !== "ann");
      const payload = encodeJson({
        ...snapshot,
        revision: state.revision + 1,
        state: { ...snapshot.state, members },
      });
      return { roomId: state.roomId, type: OUTBOX_TYPES.snapshot, payload };
    },
  },
  "a snapshot that makes an owner of a member": {
    law: "roster_hash",
    of: (state) => {
      const snapshot = snapshotOf(state);
      const members = snapshot.state.members.map((entry) => ({ ...entry, role: "owner" }));
      const payload = encodeJson({
        ...snapshot,
        revision: state.revision + 1,
        state: { ...snapshot.state, members },
      });
      return { roomId: state.roomId, type: OUTBOX_TYPES.snapshot, payload };
    },
  },
};

/** What the room's home says next, honestly, is applied, and nothing waits any more. */
async function expectHealed(room: RoomReference): Promise<void> {
  await (
    await carol.client.changeRole(room, { account: "dora", role: "owner" })
  ).done;
  expect(await differencesInTheEnd(room)).toEqual([]);
  expect(await happens(async () => (await held(room)).waiting === undefined)).toBe(true);
}

describe("a peer that lies about a room of its own", () => {
  test.each(Object.entries(DIVERGING))(
    "%s: it waits and is counted, changes nothing, and what is true goes on",
    async (_what, { law, of }) => {
      const { room, state } = await openRoomOfBeta();
      const before = await heldOf(room);
      const told = ann.events.length;
      const diverged = () => counted("room_divergence_total", { kind: law });
      const divergedBefore = diverged();

      await say(of(state));
      expect(await happens(() => diverged() > divergedBefore)).toBe(true);
      expect(await held(room)).toEqual({
        ...before,
        waiting: expect.objectContaining({ revision: state.revision + 1 }) as unknown,
      });
      expect(ann.events.slice(told)).toEqual([]);
      await expectHealed(room);
    },
  );
});

describe("a peer of a newer release", () => {
  // R88
  test.each([
    ["an event of an unknown type", { type: "room_painted", data: { colour: "red" } }],
    ["an event of a newer schema", { v: 2 }],
  ])("%s waits and changes nothing, and so does what follows it", async (_what, change) => {
    const { room, state } = await openRoomOfBeta();
    const before = await heldOf(room);
    const newer = { ...nextEvent(state), ...change };

    await say({ roomId: room.roomId, type: newer.type, payload: encodeJson(newer) });
    const waits = async (): Promise<boolean> => (await held(room)).waiting?.revision === state.revision + 1;
    expect(await happens(waits)).toBe(true);
    expect(await heldOf(room)).toEqual(before);
    const waiting = () =>
      metricOf(alpha.process("inbox-worker"), "rooms_waiting", { process: "inbox-worker" });
    expect(await happens(() => waiting() > 0)).toBe(true);

    const after = { ...nextEvent(state), revision: state.revision + 2 };
    await say({ roomId: room.roomId, type: after.type, payload: encodeJson(after) });
    await untilSettled();
    expect(await heldOf(room)).toEqual(before);
  });

  // R88
  test("a snapshot of a newer schema waits and changes nothing", async () => {
    const { room, state } = await openRoomOfBeta();
    const before = await heldOf(room);
    const newer = { ...snapshotOf(state), v: 2, revision: state.revision + 1 };
    await say({ roomId: room.roomId, type: OUTBOX_TYPES.snapshot, payload: encodeJson(newer) });
    const waits = async (): Promise<boolean> => (await held(room)).waiting?.revision === state.revision + 1;
    expect(await happens(waits)).toBe(true);
    expect(await heldOf(room)).toEqual(before);
    await expectHealed(room);
  });
});

describe("a peer that ends what has not ended", () => {
  test("a final event with which nobody of alpha left changes nothing", async () => {
    const { room, state } = await openRoomOfBeta();
    const before = await heldOf(room);
    await say({ roomId: room.roomId, type: OUTBOX_TYPES.final, payload: encodeJson(nextEvent(state)) });
    await untilSettled();
    expect(await heldOf(room)).toEqual(before);
    const { rooms } = await ann.client.listRooms();
    expect(rooms.map((row) => row.room.roomId)).toContain(room.roomId);
    await expectHealed(room);
  });

  test("an event with which alpha's last member leaves is its end, or nothing at all", async () => {
    const { room, state } = await openRoomOfBeta();
    const entry = state.members.get("ann");
    if (!entry) throw new Error("ann is a member");
    const next = {
      ...nextEvent(state),
      type: "members_removed",
      rosterHash: removeFromRoster(state.rosterHash, entry),
      data: { cause: "removed", account: "ann", removed: ["ann"], updated: [], rekey: { from: 0, to: 1 } },
    };
    await say({ roomId: room.roomId, type: next.type, payload: encodeJson(next) });
    await untilSettled();
    const found = await mongoReplicaStore(home.mongo.database).find(room.roomId);
    expect(found?.tombstone).toBe(found?.applied === state.revision + 1);
  });
});

test("what only a newer release knows is copied to DEAD once (SPEC-rooms 7.3)", async () => {
  const { room, state } = await openRoomOfBeta();
  const dead = async (): Promise<number> =>
    (await inbox.broker.manager.streams.info(streamName("DEAD", "alpha"))).state.messages;
  const before = await dead();
  const newer = { ...nextEvent(state), type: "room_painted" };
  await say({ roomId: room.roomId, type: newer.type, payload: encodeJson(newer) });
  await untilSettled();
  expect((await held(room)).waiting).toMatchObject({ revision: state.revision + 1 });
  expect(await dead()).toBe(before + 1);
});

describe("a peer that asks for what is not its own", () => {
  /** The reason it is refused with. */
  const refusal = async (asked: Promise<unknown>): Promise<string> =>
    asked.then(
      () => "answered",
      (error: { reason?: string; name: string }) => error.reason ?? error.name,
    );

  // R120
  test("keys and direct messages of other sites' accounts are refused, whoever it says is asking", async () => {
    const before = await Promise.all([shared, secret].map(held));
    const key = (body: object, fromSite = "beta") =>
      sendRequest(asking.broker, getRoomKey, {
        tokens: { siteId: "alpha", fromSite },
        body: { roomId: shared.roomId, version: 0, ...body },
        trace: newTrace(),
        timeoutMs: ASK_TIMEOUT_MS,
      });
    const direct = (requesterAccount: string, fromSite = "beta") =>
      sendRequest(asking.broker, openDirect, {
        tokens: { siteId: "alpha", fromSite },
        body: { requesterAccount, otherAccount: "dave" },
        trace: newTrace(),
        timeoutMs: ASK_TIMEOUT_MS,
      });
    expect(await refusal(key({ account: "carol" }))).toBe("answered");
    expect(await refusal(key({ account: "ann" }))).toBe("unknown_account");
    expect(await refusal(key({ account: "dora" }))).toBe("not_room_member");
    expect(await refusal(key({ roomId: secret.roomId }))).toBe("site_not_participating");
    expect(await refusal(key({}, "alpha"))).toBe("Unanswered");
    expect(await refusal(direct("ann"))).toBe("unknown_account");
    expect(await refusal(direct("ann", "alpha"))).toBe("Unanswered");
    expect(await Promise.all([shared, secret].map(held))).toEqual(before);
  });

  // R106
  test("what it tells alpha's accounts of alpha's rooms is not believed", async () => {
    const print = await ann.client.keyPrint(shared.roomId, 0);
    const told: string[] = [];
    const to = { homeSite: "alpha", account: "ann", fromSite: "beta" };
    ann.connection.subscribe(userSubjects.roomKey.of(to), {
      callback: (_error, message) => void told.push(message.subject),
    });
    await ann.connection.flush();
    const { connection } = peer.broker;
    const about = { roomId: shared.roomId, siteId: "alpha", at: Date.now() };
    const removed = { ...about, action: "removed", revision: 99 };
    connection.publish(userSubjects.subscriptionUpdate.of(to), encodeJson(removed));
    const forged = { ...about, version: 0, privateKey: Buffer.alloc(32, 1).toString("base64") };
    connection.publish(userSubjects.roomKey.of(to), encodeJson(forged));
    expect(await happens(() => told.length > 0)).toBe(true);
    // Whatever her client would do because of it is done once a later notice of beta has reached her.
    const { roomId } = await openRoom(carol, ["ann"]);
    expect(await happens(() => ann.client.room(roomId) !== undefined)).toBe(true);
    expect(ann.client.room(shared.roomId)).toMatchObject({ roomId: shared.roomId, siteId: "alpha" });
    expect(await ann.client.keyPrint(shared.roomId, 0)).toBe(print);
  });
});
