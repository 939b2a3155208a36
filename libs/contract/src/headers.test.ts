import { describe, expect, test } from "vitest";

import { HEADERS, messageIds, serviceInboxPrefix, userInboxPrefix } from "./headers.ts";

const room = "jHjHNiEuCoJo8Nrzp";
const requestId = "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f";
const of = { roomId: room, revision: 7, dest: "beta" };

describe("Nats-Msg-Id", () => {
  // R4
  test.each([
    ["a ROOMS append", messageIds.roomEvent(room, requestId), `${room}:${requestId}`],
    [
      "a created message",
      messageIds.messageCreated(room, "0123456789ABCDEFabcd"),
      `${room}:0123456789ABCDEFabcd`,
    ],
    ["an OUTBOX event", messageIds.outbox(of), `${room}:7:beta`],
    ["an OUTBOX snapshot", messageIds.outboxSnapshot(of), `${room}:7:beta:snapshot`],
    ["an OUTBOX final", messageIds.outboxFinal(of), `${room}:7:beta:final`],
    [
      "a DEAD copy",
      messageIds.dead({ stream: "ROOMS_alpha", sequence: 12, process: "room-worker" }),
      "ROOMS_alpha:12:room-worker",
    ],
    [
      "a message sent back",
      messageIds.resent({ stream: "MESSAGES_CANONICAL_alpha", sequence: 12 }),
      "MESSAGES_CANONICAL_alpha:12:resent",
    ],
  ])("of %s is that of the contract's table", (_what, actual, expected) => {
    expect(actual).toBe(expected);
  });

  test("of an event, its snapshot and its final differ, so none suppresses another", () => {
    const ids = [messageIds.outbox(of), messageIds.outboxSnapshot(of), messageIds.outboxFinal(of)];

    expect(new Set(ids).size).toBe(3);
  });
});

test("the headers have the names of the contract and of the broker", () => {
  expect(Object.values(HEADERS).toSorted()).toEqual([
    "Nats-Expected-Last-Subject-Sequence",
    "Nats-Expected-Last-Subject-Sequence-Subject",
    "Nats-Msg-Id",
    "Parley-Attempts",
    "Parley-Error",
    "Parley-Sequence",
    "Parley-Stream",
    "Parley-Subject",
    "X-Request-ID",
    "traceparent",
    "tracestate",
  ]);
});

test("replies arrive under prefixes that name who asked", () => {
  expect(userInboxPrefix("alpha", "ann")).toBe("_INBOX.user.alpha.ann");
  expect(serviceInboxPrefix("alpha")).toBe("_INBOX.svc.alpha");
});
