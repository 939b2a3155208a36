import { expect, test } from "vitest";

import type { ClientEvent, MessageEvent } from "./client-events.ts";
import { createEventHub } from "./event-hub.ts";

const room = { roomId: "jHjHNiEuCoJo8Nrzp", siteId: "alpha" };
const said = (createdAt: number): MessageEvent => ({
  type: "message",
  ...room,
  via: "live",
  message: {
    messageId: String(createdAt).padStart(20, "0"),
    roomId: room.roomId,
    createdAt,
    sender: { account: "ann", kind: "person", name: "Ann" },
    content: "x",
  },
});

function hubOver(history: readonly MessageEvent[], bufferMax: number) {
  const errors: unknown[] = [];
  const hub = createEventHub({
    bufferMax,
    onError: (error) => errors.push(error),
    readAgain: async ({ since }) => history.filter(({ message }) => message.createdAt >= since),
  });
  return { hub, errors };
}

async function read(events: AsyncIterator<ClientEvent>, count: number): Promise<ClientEvent[]> {
  const seen: ClientEvent[] = [];
  while (seen.length < count) {
    const { done, value } = await events.next();
    if (done === true) break;
    seen.push(value);
  }
  return seen;
}

test("every iterator gets every event from its opening on, also what comes before it is read", async () => {
  const { hub } = hubOver([], 10);
  const early = hub.open();
  hub.publish(said(1));
  const late = hub.open();
  hub.publish(said(2));
  expect(await read(early, 2)).toEqual([said(1), said(2)]);
  expect(await read(late, 1)).toEqual([said(2)]);
});

test("a slow reader learns of the gap and gets the messages it missed from history", async () => {
  const history = [1, 2, 3, 4, 5].map(said);
  const { hub } = hubOver(history, 2);
  const events = hub.open();
  for (const event of history) hub.publish(event);
  hub.publish({ type: "disconnected" });
  expect(await read(events, 6)).toEqual([
    said(1),
    said(2),
    { type: "gap", cause: "overflow", dropped: 4 },
    said(3),
    said(4),
    said(5),
  ]);
});

test("an iterator takes only what it asked for and ends with the client", async () => {
  const { hub } = hubOver([], 10);
  const events = hub.open((event) => event.type === "disconnected");
  hub.publish(said(1));
  hub.publish({ type: "disconnected" });
  hub.close();
  expect(await read(events, 9)).toEqual([{ type: "disconnected" }]);
  expect(await read(hub.open(), 9)).toEqual([]);
});

test("a reading that failed is reported, and the reader goes on", async () => {
  const errors: unknown[] = [];
  const hub = createEventHub({
    bufferMax: 1,
    onError: (error) => errors.push(error),
    readAgain: () => Promise.reject(new Error("away")),
  });
  const events = hub.open();
  hub.publish(said(1));
  hub.publish(said(2));
  expect((await read(events, 2)).map(({ type }) => type)).toEqual(["message", "gap"]);
  const next = events.next();
  hub.publish({ type: "reconnected" });
  expect(await next).toEqual({ done: false, value: { type: "reconnected" } });
  expect(errors).toEqual([new Error("away")]);
});
