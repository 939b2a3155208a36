import { headers } from "@nats-io/nats-core";
import { HEADERS } from "@parley/contract/headers";
import { expect, test } from "vitest";

import { parkedMessageOf } from "./parked.ts";

const FIELDS = {
  [HEADERS.parkedSubject]: "chat.room.canonical.alpha.3.jHjHNiEuCoJo8Nrzp.room_created",
  [HEADERS.parkedStream]: "ROOMS_alpha",
  [HEADERS.parkedSequence]: "12",
  [HEADERS.parkedAttempts]: "10",
  [HEADERS.parkedError]: "TypeError",
  [HEADERS.requestId]: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  [HEADERS.traceParent]: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
};

const storedAt = new Date(1_750_000_000_000);
const stored = (fields: Readonly<Record<string, string>>, subject = "dead.alpha.room-worker.failing") => {
  const header = headers();
  for (const [name, value] of Object.entries(fields)) header.set(name, value);
  return { subject, seq: 7, header, data: new Uint8Array([1]), time: storedAt };
};

test("a copy in DEAD is read as it was parked", () => {
  expect(parkedMessageOf(stored(FIELDS))).toEqual({
    sequence: 7,
    parkedAt: storedAt,
    process: "room-worker",
    reason: "failing",
    subject: "chat.room.canonical.alpha.3.jHjHNiEuCoJo8Nrzp.room_created",
    stream: "ROOMS_alpha",
    streamSequence: 12,
    attempts: 10,
    error: "TypeError",
    payload: new Uint8Array([1]),
    trace: {
      requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
      traceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
  });
});

test.each([
  ["without a sequence", stored({ ...FIELDS, [HEADERS.parkedSequence]: "" })],
  ["with a sequence that is none", stored({ ...FIELDS, [HEADERS.parkedSequence]: "-1" })],
  ["with sequence 0", stored({ ...FIELDS, [HEADERS.parkedSequence]: "0" })],
  ["without attempts", stored({ ...FIELDS, [HEADERS.parkedAttempts]: "" })],
  ["that names no reason", stored(FIELDS, "dead.alpha.room-worker")],
])("a message %s was not parked", (_what, message) => {
  expect(parkedMessageOf(message)).toBeUndefined();
});
