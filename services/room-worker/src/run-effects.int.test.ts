import { canonicalMessage } from "@parley/contract/messages";
import { streamName } from "@parley/contract/streams";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import type { Seen, TestClients } from "@parley/site/test/test-clients";
import type { TestSite } from "@parley/site/test/test-site";
import { describe, expect, onTestFinished, vi } from "vitest";

import { Crash, createTestWorker, newKeyStore, test } from "../test/room-worker-test.ts";
import type { SiteRooms, Step, TestRoom } from "../test/site-rooms.ts";

/** Every type of event, each with the life before it. */
const EVENTS: readonly {
  readonly what: string;
  readonly room: (rooms: SiteRooms) => TestRoom;
  readonly before?: readonly Step[];
  readonly step?: Step;
  /** How many system messages it posts. */
  readonly messages: number;
}[] = [
  {
    what: "room_created",
    room: (rooms) => rooms.channel({ users: ["bob", "bot"], orgs: ["tech"] }),
    messages: 2,
  },
  { what: "room_created of a dm", room: (rooms) => rooms.direct(["ann", "bob"]), messages: 0 },
  {
    what: "members_added",
    room: (rooms) => rooms.channel({ users: ["bob"] }),
    before: [{ rotate: true }],
    step: { add: { users: ["fay"], orgs: ["tech"] } },
    messages: 1,
  },
  {
    what: "members_added where joining changes the key",
    room: (rooms) => rooms.channel({ users: ["bob"] }),
    before: [{ rekeyOnJoin: true }],
    step: { add: { users: ["fay"], orgs: ["tech"] } },
    messages: 1,
  },
  {
    what: "members_removed",
    room: (rooms) => rooms.channel({ users: ["bob", "dan"] }),
    step: { remove: "bob" },
    messages: 1,
  },
  {
    what: "members_removed of an org that takes nobody",
    room: (rooms) => rooms.channel({ users: ["dan", "cat"], orgs: ["tech"] }),
    step: { removeOrg: "tech" },
    messages: 1,
  },
  {
    what: "role_changed",
    room: (rooms) => rooms.channel({ users: ["bob"] }),
    step: { role: "owner", of: "bob" },
    messages: 0,
  },
  {
    what: "key_rotated",
    room: (rooms) => rooms.channel({ users: ["bob"] }),
    step: { rotate: true },
    messages: 0,
  },
  {
    what: "room_renamed",
    room: (rooms) => rooms.channel({ users: ["bob"] }),
    step: { rename: "Deeds" },
    messages: 1,
  },
  {
    what: "room_restricted",
    room: (rooms) => rooms.channel({ users: ["bob", "eve", "fay", "bot"], orgs: ["tech"] }),
    before: [{ role: "owner", of: "bob" }],
    step: { restrictUnder: "eve" },
    messages: 1,
  },
  {
    what: "policy_changed",
    room: (rooms) => rooms.channel({ users: ["bob"] }),
    step: { rekeyOnJoin: true },
    messages: 1,
  },
  {
    what: "room_closed",
    room: (rooms) => rooms.channel({ users: ["bob"] }),
    step: { close: true },
    messages: 1,
  },
  {
    what: "members_removed of the last owner of a closed room",
    room: (rooms) => rooms.channel({ users: ["bob"] }),
    before: [{ close: true }],
    step: { remove: "ann" },
    messages: 1,
  },
];
const STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11];

const isKey = ({ subject }: Seen): boolean => subject.endsWith(".room.key");
const isAdded = ({ body }: Seen): boolean => body["action"] === "added";
const isResult = ({ subject }: Seen): boolean => subject.includes(".response.");
const of = ({ seen }: TestClients, roomId: string): Seen[] =>
  seen.filter(({ body }) => body["roomId"] === roomId);

/** The system messages of a room by the revision they tell of. */
async function messagesOf({ broker, siteId }: TestSite, roomId: string): Promise<number[]> {
  const revisions: number[] = [];
  const batch = await broker.manager.direct.getBatch(streamName("MESSAGES_CANONICAL", siteId), {
    seq: 1,
    batch: 50,
    next_by_subj: `chat.msg.canonical.${siteId}.*.${roomId}.>`,
  });
  try {
    for await (const message of batch) revisions.push(canonicalMessage.parse(message.json()).revision);
  } catch (error) {
    // A room without messages: the iterator throws instead of ending.
    if (!(error instanceof Error && "code" in error && error.code === 404)) throw error;
  }
  return revisions;
}

/** The bytes each version of the room's key went out with. */
const keyBytes = (seen: readonly Seen[]): Map<unknown, Set<unknown>> => {
  const bytes = new Map<unknown, Set<unknown>>();
  for (const { body } of seen.filter(isKey)) {
    const known = bytes.get(body["version"]) ?? new Set();
    bytes.set(body["version"], known.add(body["privateKey"]));
  }
  return bytes;
};

describe.for(EVENTS)("$what", ({ room: open, before = [], step, messages }) => {
  // R43
  test("ends the same whatever step its first attempt crashed after", async ({ site, clients, rooms }) => {
    for (const crashAfter of STEPS) {
      let armed = false;
      const worker = createTestWorker(site, {
        afterStep: (_, reached) => {
          if (!armed || reached !== crashAfter) return;
          armed = false;
          throw new Crash();
        },
      });
      const room = open(rooms);
      const { roomId } = room;
      let stored = await room.append();
      for (const earlier of [...before, ...(step ? [step] : [])]) {
        await worker.receive({ stored, deliveries: 1 });
        stored = await room.append(earlier);
      }
      const isResultOfThis = (seen: Seen) => isResult(seen) && seen.subject.endsWith(stored.event.requestId);
      armed = true;

      await expect(worker.receive({ stored, deliveries: 1 })).rejects.toBeInstanceOf(Crash);
      await clients.flush();
      const isJob = stored.event.actor.kind !== "system";
      const early = of(clients, roomId).filter(isResultOfThis);
      expect(early).toHaveLength(crashAfter === 11 && isJob ? 1 : 0);

      await worker.receive({ stored, deliveries: 2 });
      await clients.flush();
      const told = of(clients, roomId);
      expect(await worker.differences(roomId)).toEqual([]);
      for (const bytes of keyBytes(told).values()) expect(bytes.size).toBe(1);
      const current = await worker.keys.get(roomId);
      expect(current?.version).toBe(room.state()?.keyVersion);
      expect(keyBytes(told).get(current?.version)).toEqual(
        new Set([Buffer.from(current?.pair.privateKey ?? []).toString("base64")]),
      );
      const results = told.filter(isResultOfThis).map(({ body }) => body);
      expect(results.length).toBe(isJob ? early.length + 1 : 0);
      for (const result of results) expect(result).toEqual(results[0]);
      const posted = await messagesOf(site, roomId);
      expect(posted.filter((revision) => revision === stored.event.revision)).toHaveLength(messages);
    }
  });
});

describe("the order of the effects", () => {
  // R48
  test("a newcomer learns of the room before its key, in every attempt", async ({ site, clients, rooms }) => {
    let crashes = 2;
    const worker = createTestWorker(site, {
      afterStep: (type, step) => {
        if (type !== "members_added" || step !== 4 || crashes === 0) return;
        crashes -= 1;
        throw new Crash();
      },
    });
    const room = rooms.channel({ users: ["bob"] });
    await worker.receive({ stored: await room.append(), deliveries: 1 });
    const stored = await room.append({ add: { users: ["fay", "bot"], orgs: ["tech"] } });
    for (const deliveries of [1, 2])
      await expect(worker.receive({ stored, deliveries })).rejects.toBeInstanceOf(Crash);
    await worker.receive({ stored, deliveries: 3 });
    await clients.flush();
    for (const account of ["fay", "bot", "cat", "dan"]) {
      const told = of(clients, room.roomId).filter(({ subject }) => subject.includes(`.${account}.`));
      expect(told.map((seen) => (isKey(seen) ? "key" : "added"))).toEqual(
        Array.from({ length: 3 }, () => ["added", "key"]).flat(),
      );
      expect(told.filter(isAdded).every(({ body }) => body["revision"] === 2)).toBe(true);
    }
  });

  // R49
  test("survivors have the next key before it seals, and it seals before anybody is told", async ({
    site,
    clients,
    rooms,
  }) => {
    const keys = newKeyStore();
    const room = rooms.channel({ users: ["bob", "bot", "dan"] });
    const heldAtActivation: Set<unknown>[] = [];
    const toldAtActivation: number[] = [];
    const noting: RoomKeyStore = {
      ...keys,
      activate: async (roomId, version) => {
        await clients.flush();
        const told = of(clients, roomId);
        const next = told.filter((seen) => isKey(seen) && seen.body["version"] === version);
        heldAtActivation.push(new Set(next.map(({ subject }) => subject.split(".")[3])));
        toldAtActivation.push(
          told.filter(({ body }) => body["action"] === "removed" || body["type"] === "members_removed")
            .length,
        );
        return keys.activate(roomId, version);
      },
    };
    const worker = createTestWorker(site, { keys: noting });
    await worker.receive({ stored: await room.append(), deliveries: 1 });
    await worker.receive({ stored: await room.append({ remove: "bob" }), deliveries: 1 });
    expect(heldAtActivation[1]).toEqual(new Set(["ann", "bot", "dan"]));
    expect(toldAtActivation).toEqual([0, 0]);
    await clients.flush();
    expect(of(clients, room.roomId).some(({ body }) => body["type"] === "members_removed")).toBe(true);
  });

  test("the job result comes last of all", async ({ site, clients, rooms }) => {
    const worker = createTestWorker(site);
    const room = rooms.channel({ users: ["bob"] });
    await worker.receive({ stored: await room.append(), deliveries: 1 });
    await worker.receive({ stored: await room.append({ remove: "bob" }), deliveries: 1 });
    await clients.flush();
    const revisionTwo = of(clients, room.roomId).filter(
      ({ headers }) => room.log[1]?.event.requestId === headers.get("X-Request-ID"),
    );
    expect(revisionTwo.map(isResult)).toEqual([...revisionTwo.slice(1).map(() => false), true]);
    expect(revisionTwo.length).toBeGreaterThan(3);
  });
});

test("an addition that is repeated keeps what the others set for themselves", async ({ site, rooms }) => {
  let crash = true;
  const worker = createTestWorker(site, {
    afterStep: (type, step) => {
      if (type !== "members_added" || step !== 8 || !crash) return;
      crash = false;
      throw new Crash();
    },
  });
  const room = rooms.channel({ users: ["bob"] });
  await worker.receive({ stored: await room.append(), deliveries: 1 });
  const own = { lastSeenAt: 1_750_000_000_000, muted: true, favourite: true };
  const rows = site.database.collection<{ _id: string }>("subscriptions");
  await rows.updateOne({ _id: `${room.roomId}:bob` }, { $set: own });
  const stored = await room.append({ add: { users: ["fay"], orgs: ["tech"] } });
  await expect(worker.receive({ stored, deliveries: 1 })).rejects.toBeInstanceOf(Crash);
  await worker.receive({ stored, deliveries: 2 });
  expect(await rows.findOne({ _id: `${room.roomId}:bob` })).toMatchObject(own);
});

// R50
test("a fan-out reaches every survivor of a large room, each once", async ({ site, clients, rooms }) => {
  const worker = createTestWorker(site);
  const room = rooms.channel({ users: ["bob"] });
  const crowd = Array.from({ length: 150 }, (_, index) => `crowd${index}`);
  await worker.receive({ stored: await room.append(), deliveries: 1 });
  await worker.receive({ stored: await room.append({ add: { users: crowd as never } }), deliveries: 1 });
  await worker.receive({ stored: await room.append({ remove: "bob" }), deliveries: 1 });
  await clients.flush();
  const next = of(clients, room.roomId).filter((seen) => isKey(seen) && seen.body["version"] === 1);
  expect(next).toHaveLength(crowd.length + 1);
  expect(new Set(next.map(({ subject }) => subject.split(".")[3]))).toEqual(new Set(["ann", ...crowd]));
  expect(Object.keys(next[0]?.body ?? {}).toSorted()).toEqual([
    "at",
    "privateKey",
    "revision",
    "roomId",
    "rosterDigest",
    "siteId",
    "version",
  ]);
});

/** What a worker publishes to users and rooms, when it waited for the broker, and the steps it reached, in order. */
function recordOrder(site: TestSite) {
  const order: string[] = [];
  const { connection } = site.broker;
  const publish = connection.publish.bind(connection);
  const spy = vi.spyOn(connection, "publish").mockImplementation((subject, ...rest) => {
    if (subject.endsWith(".subscription.update")) order.push("notice");
    if (subject.endsWith(".room.key")) order.push("key");
    publish(subject, ...rest);
  });
  onTestFinished(() => spy.mockRestore());
  const broker = {
    ...site.broker,
    flush: async () => {
      await site.broker.flush();
      order.push("flushed");
    },
  };
  const afterStep = (_: string, step: number): void => void order.push(`step ${step}`);
  return { order, site: { ...site, broker }, afterStep };
}

test("newcomers' notices, then their keys, are all with the broker before the next step, a few under way", async ({
  site,
  rooms,
}) => {
  const recorded = recordOrder(site);
  const { order, afterStep } = recorded;
  const worker = createTestWorker(recorded.site, { afterStep, concurrency: 4 });
  const room = rooms.channel({ users: ["bob"] });
  await worker.receive({ stored: await room.append(), deliveries: 1 });
  order.length = 0;
  const crowd = Array.from({ length: 10 }, (_, index) => `crowd${index}`);
  await worker.receive({ stored: await room.append({ add: { users: crowd as never } }), deliveries: 1 });

  const four = (what: string): string[] => [what, what, what, what, "flushed"];
  const ten = (what: string): string[] => [...four(what), ...four(what), what, what, "flushed"];
  expect(order.slice(order.indexOf("step 2") + 1, order.indexOf("step 5"))).toEqual([
    ...ten("notice"),
    "step 3",
    ...ten("key"),
    "step 4",
  ]);
});

test("notices to those who lost the room or a role are with the broker before the event is committed", async ({
  site,
  rooms,
}) => {
  const recorded = recordOrder(site);
  const { order, afterStep } = recorded;
  const worker = createTestWorker(recorded.site, { afterStep, concurrency: 1 });
  const room = rooms.channel({ users: ["bob"], orgs: ["tech"] });
  await worker.receive({ stored: await room.append(), deliveries: 1 });
  for (const [step, notices] of [
    [{ role: "owner", of: "bob" }, ["notice"]],
    [{ removeOrg: "tech" }, ["notice", "flushed", "notice"]],
  ] as const) {
    const stored = await room.append(step);
    order.length = 0;
    await worker.receive({ stored, deliveries: 1 });
    expect(order.slice(order.indexOf("step 5") + 1, order.indexOf("step 10") + 1)).toEqual([
      ...notices,
      "step 6",
      "step 7",
      "step 8",
      "step 9",
      "flushed",
      "step 10",
    ]);
  }
});

// R112
test("a store set back between preparing and activating makes the room rotate; no version goes out twice", async ({
  site,
  clients,
  rooms,
}) => {
  let keys = newKeyStore();
  const current = (): RoomKeyStore => keys;
  const replaceable: RoomKeyStore = new Proxy(keys, {
    get: (_, name) => Reflect.get(current(), name) as unknown,
  });
  let crash = true;
  const worker = createTestWorker(site, {
    keys: replaceable,
    afterStep: (type, step) => {
      if (type !== "members_removed" || step !== 4 || !crash) return;
      crash = false;
      throw new Crash();
    },
  });
  const room = rooms.channel({ users: ["bob", "dan"] });
  const { roomId } = room;
  await worker.receive({ stored: await room.append(), deliveries: 1 });
  const first = await keys.get(roomId);
  const stored = await room.append({ remove: "bob" });
  await expect(worker.receive({ stored, deliveries: 1 })).rejects.toBeInstanceOf(Crash);
  keys = newKeyStore();
  await keys.prepare(roomId, 0, first?.pair ?? nodeSuite.generatePair());
  await keys.activate(roomId, 0);

  await worker.receive({ stored, deliveries: 2 });
  expect(worker.asked).toEqual([{ roomId, version: 1, rotate: true }]);
  expect(await keys.getVersion(roomId)).toBe(0);
  await worker.receive({ stored: await room.append({ rotate: true }), deliveries: 1 });
  await clients.flush();
  expect(await keys.getVersion(roomId)).toBe(2);
  for (const bytes of keyBytes(of(clients, roomId)).values()) expect(bytes.size).toBe(1);
  expect(await worker.differences(roomId)).toEqual([]);
});

test("a snapshot is taken at every 64th revision, and the newest two stay", async ({ site, rooms }) => {
  const worker = createTestWorker(site);
  const room = rooms.channel({ users: ["bob"] });
  await worker.receive({ stored: await room.append(), deliveries: 1 });
  for (let revision = 2; revision <= 192; revision += 1) {
    const role = revision % 2 === 0 ? "owner" : "member";
    await worker.receive({ stored: await room.append({ role, of: "bob" }), deliveries: 1 });
  }
  expect((await worker.snapshots.newest(room.roomId))?.state.revision).toBe(192);
  expect(await worker.snapshots.newest(room.roomId, 100)).toBeUndefined();
  expect((await worker.snapshots.newest(room.roomId, 130))?.streamSequence).toBe(
    room.log[127]?.streamSequence,
  );
});
