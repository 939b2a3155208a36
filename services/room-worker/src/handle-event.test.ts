import { encodeEvent, type CanonicalEvent } from "@parley/contract/events";
import { Unprocessable } from "@parley/messaging/park";
import type { StreamMessage } from "@parley/messaging/stream-message";
import { traceOf } from "@parley/messaging/trace";
import { createChannel, happening } from "@parley/room/test/fixtures";
import { describe, expect, test } from "vitest";

import type { Delivered } from "./apply-room.ts";
import { createHandler } from "./handle-event.ts";

const { event } = happening(undefined, createChannel({}));
const encoder = new TextEncoder();

function setUp() {
  const received: Delivered[] = [];
  const held: { roomId: string; revision: number }[] = [];
  const handler = createHandler({
    receive: async (delivered) => void received.push(delivered),
    hold: async (of) => void held.push(of),
    catchUp: () => Promise.reject(new Error("nobody asks for it")),
  });
  return { ...handler, received, held };
}

const messageOf = (payload: Uint8Array, fields: Partial<StreamMessage> = {}): StreamMessage => ({
  subject: `chat.room.canonical.site-a.3.${event.roomId}.${event.type}`,
  payload,
  stream: "ROOMS_site-a",
  streamSequence: 7,
  storedAt: 0,
  deliveries: 2,
  trace: traceOf(undefined, event.requestId),
  expectedSequence: 4,
  ...fields,
});
const withFields = (fields: Record<string, unknown>): Uint8Array =>
  encoder.encode(JSON.stringify({ ...event, ...fields }));

test("hands an event on with its stored bytes and what its message said", async () => {
  const { handle, received } = setUp();
  const bytes = encodeEvent(event);
  await handle(messageOf(bytes));
  expect(received).toEqual([
    {
      stored: {
        event,
        bytes,
        streamSequence: 7,
        previousSequence: 4,
        trace: expect.objectContaining({ requestId: event.requestId }),
      },
      deliveries: 2,
    },
  ]);
});

// R5
test("ignores fields it does not know", async () => {
  const { handle, received } = setUp();
  await handle(messageOf(withFields({ later: true })));
  expect(received.map(({ stored }) => stored.event)).toEqual([event]);
});

// R88
test.each([
  ["of a newer type", { type: "room_archived" }],
  ["of a newer schema", { v: 2 }],
  ["whose data has a form unknown here", { data: {} }],
])("holds the room of an event %s", async (_, fields) => {
  const { handle, held, received } = setUp();
  await handle(messageOf(withFields(fields)));
  expect(held).toEqual([{ roomId: event.roomId, revision: 1 }]);
  expect(received).toEqual([]);
});

describe("what no attempt will settle", () => {
  const other: CanonicalEvent = { ...event, roomId: "000000000000Other" };
  // R39
  test.each([
    ["bytes that are no JSON", encoder.encode("{")],
    ["bytes that are no UTF-8", Uint8Array.of(0xff, 0xfe)],
    ["JSON that is no envelope", encoder.encode("{}")],
    ["an event of another room than its subject", encodeEvent(other)],
    ["a newer event of another room than its subject", withFields({ v: 2, roomId: "0000000000000Room" })],
  ])("is refused for good: %s", async (_, payload) => {
    const { handle, received, held } = setUp();
    await expect(handle(messageOf(payload))).rejects.toBeInstanceOf(Unprocessable);
    expect([received, held]).toEqual([[], []]);
  });
});

test("keeps messages of one room in order, and finds a key for any subject", () => {
  const { keyOf } = setUp();
  const keyOfSubject = (subject: string) => keyOf(messageOf(encodeEvent(event), { subject }));
  expect(keyOfSubject("chat.room.canonical.site-a.3.jHjHNiEuCoJo8Nrzp.role_changed")).toBe(
    "jHjHNiEuCoJo8Nrzp",
  );
  expect(keyOfSubject("chat.room.canonical.site-a.0.not-a-room.x")).toBe("not-a-room");
  expect(keyOfSubject("chat")).toBe("");
});
