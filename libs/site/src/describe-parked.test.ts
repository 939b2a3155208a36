import type { ParkedMessage } from "@parley/messaging/parked";
import { expect, test } from "vitest";

import { describeParked } from "./describe-parked.ts";

const ROOM = "jHjHNiEuCoJo8Nrzp";
const parked = (fields: Partial<ParkedMessage>): ParkedMessage => ({
  sequence: 7,
  parkedAt: new Date(1_750_000_000_000),
  process: "inbox-worker",
  reason: "malformed",
  subject: `outbox.beta.alpha.${ROOM}.snapshot`,
  stream: "INBOX_alpha",
  streamSequence: 12,
  attempts: 1,
  error: "the payload is no snapshot",
  payload: new TextEncoder().encode("a secret"),
  trace: { requestId: "", traceParent: "" },
  ...fields,
});

test("a line tells everything but the payload", () => {
  expect(describeParked(parked({}))).toBe(
    `#7  2025-06-15T15:06:40.000Z  inbox-worker  malformed  INBOX_alpha:12  room ${ROOM}  attempts 1  the payload is no snapshot`,
  );
});

test.each([
  [`chat.room.canonical.alpha.3.${ROOM}.room_created`, ROOM],
  [`chat.msg.canonical.alpha.3.${ROOM}.created`, ROOM],
  [`outbox.beta.alpha.${ROOM}.final`, ROOM],
  [`inbox.alpha.local.${ROOM}.snapshot`, ROOM],
  ["outbox.beta.alpha.no-room.final", "-"],
  ["somewhere.else", "-"],
])("%s is of room %s", (subject, room) => {
  expect(describeParked(parked({ subject }))).toContain(`  room ${room}  `);
});

test("nothing of it can steer a terminal", () => {
  const line = describeParked(parked({ error: "a\u001B[2Jb\rc\nd\u202Ee" }));
  expect(line.endsWith("a?[2Jb?c?d?e")).toBe(true);
});
