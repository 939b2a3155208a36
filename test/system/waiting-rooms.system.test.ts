import { canonicalSubjects, encodeEvent, type CanonicalEvent } from "@parley/contract/events";
import { messageIds } from "@parley/contract/headers";
import { channelIdOf, uuidV7 } from "@parley/contract/ids";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

const WAITING = 1000;
const HEALTHY = 100;
let stack: Stack;
let owners: readonly Actor[];
let inspection: Inspection;
let appender: Inspection;

beforeAll(async () => {
  stack = await startStack({ sites: 1, directory: directoryFile("waiting-rooms", people(12)) });
  owners = await Promise.all(
    Array.from({ length: 10 }, (_, index) => enter(stack.site("alpha"), `p${index}`)),
  );
  inspection = await inspectSite(stack.site("alpha"));
  appender = await inspectSite(stack.site("alpha"), "room-service");
});
afterAll(async () => {
  await Promise.all(owners.map((owner) => owner[Symbol.asyncDispose]()));
  await inspection[Symbol.asyncDispose]();
  await appender[Symbol.asyncDispose]();
  await stack.stop();
});

/** Appends an event whose predecessor the room does not have: it can only wait. */
async function appendAhead(index: number): Promise<void> {
  const requestId = uuidV7();
  const roomId = channelIdOf({ siteId: "alpha", account: "p0", requestId });
  const event = {
    id: uuidV7(),
    type: "room_renamed",
    v: 1,
    siteId: "alpha",
    roomId,
    revision: 2,
    prev: "",
    rosterHash: "0".repeat(64),
    actor: { account: "p0", kind: "person" },
    requestId,
    at: Date.now() + index,
    data: { from: "a", to: "b" },
  } satisfies CanonicalEvent;
  await publishToStream(appender.broker, {
    subject: canonicalSubjects.roomAppend.of({ siteId: "alpha", roomId, type: event.type }),
    payload: encodeEvent(event),
    messageId: messageIds.roomEvent(roomId, requestId),
    trace: traceOf(undefined, requestId),
  });
}

// R111
test("behind 1 000 waiting rooms 100 healthy ones are served, and the waiting ones hold nothing unacknowledged", async () => {
  await Promise.all(Array.from({ length: WAITING }, (_, index) => appendAhead(index)));
  const created = await Promise.all(
    Array.from({ length: HEALTHY }, async (_, index) => {
      const owner = owners[index % owners.length];
      if (!owner) throw new Error("nobody there");
      return owner.client.createRoom({ name: `Healthy ${index}`, users: ["p10", "p11"] });
    }),
  );
  const done = await Promise.all(created.map((room) => room.done));
  expect(done).toHaveLength(HEALTHY);

  const rooms = inspection.mongo.database.collection("rooms");
  const waiting = () => rooms.countDocuments({ waiting: { $exists: true } });
  expect(await happens(async () => (await waiting()) === WAITING)).toBe(true);
  const idle = async (): Promise<boolean> => {
    const { num_ack_pending, num_pending } = await inspection.broker.manager.consumers.info(
      "ROOMS_alpha",
      "room-worker",
    );
    return num_ack_pending === 0 && num_pending === 0;
  };
  expect(await happens(idle)).toBe(true);
  const marked = await rooms.findOne({ waiting: { $exists: true } });
  expect(marked).toMatchObject({ applied: 0, waiting: { from: 1, revision: 2 } });
});
