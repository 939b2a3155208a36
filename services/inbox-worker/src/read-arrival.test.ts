import { encodeJson } from "@parley/messaging/publish";
import { Unprocessable } from "@parley/messaging/park";
import { createChannel, HOME, remove, setRole } from "@parley/room/test/fixtures";
import { describe, expect, test } from "vitest";

import {
  at,
  laneMessage,
  laneOf,
  newSequence,
  newTrace,
  snapshotMessage,
  snapshotOf,
  storyOf,
} from "../test/lane.ts";
import { readArrival } from "./read-arrival.ts";

const HERE = "site-b";
const OTHER_ROOM = "a".repeat(17);
const story = storyOf(
  createChannel({ users: [at(HERE, "bob")] }),
  setRole("ann", "bob", "owner"),
  remove("ann", "bob"),
);
const [first, second] = story;
if (!first || !second) throw new Error("the story is too short");
const { roomId } = first.event;
const lane = { siteId: HOME, dest: HERE, roomId };

const sent = (type: string, payload: Uint8Array, rest: Partial<typeof lane> = {}) =>
  laneMessage({ ...lane, type, payload, ...rest });
const repair = (of: string, body: object) => ({
  subject: `inbox.${HERE}.local.${of}.snapshot`,
  payload: encodeJson(body),
  trace: newTrace(),
  streamSequence: newSequence(),
});
const refusal = (message: Parameters<typeof readArrival>[0]): string => {
  try {
    return readArrival(message).kind;
  } catch (error) {
    if (error instanceof Unprocessable) return error.message;
    throw error;
  }
};

const FOREIGN = "a peer speaks of a room homed elsewhere";
const MISPLACED = "the message is of another room than its subject";

describe("a message of a peer", () => {
  test("is a snapshot, an event or the final one, with the home of its lane", () => {
    const arrivals = laneOf(story, HERE).map(readArrival);
    expect(arrivals.map(({ kind, revision, siteId }) => ({ kind, revision, siteId }))).toEqual([
      { kind: "snapshot", revision: 1, siteId: HOME },
      { kind: "event", revision: 2, siteId: HOME },
      { kind: "final", revision: 3, siteId: HOME },
    ]);
    expect(arrivals[1]).toMatchObject({ bytes: second.bytes, event: second.event });
  });

  // R103
  test("about a room it is not home to is refused, be it an event, the final one or a snapshot", () => {
    const from = { siteId: "site-c" };
    expect(refusal(sent("role_changed", second.bytes, from))).toBe(FOREIGN);
    expect(refusal(sent("final", second.bytes, from))).toBe(FOREIGN);
    expect(refusal(sent("snapshot", encodeJson(snapshotOf(first.state)), from))).toBe(FOREIGN);
  });

  test("about another room than its subject names is refused", () => {
    const elsewhere = { roomId: OTHER_ROOM };
    expect(refusal(sent("role_changed", second.bytes, elsewhere))).toBe(MISPLACED);
    expect(refusal(sent("snapshot", encodeJson(snapshotOf(first.state)), elsewhere))).toBe(MISPLACED);
  });

  test("that is garbage is refused", () => {
    const bytes = Uint8Array.of(0xff, 0xfe);
    expect(refusal(sent("role_changed", bytes))).toBe("the bytes are not UTF-8 JSON");
    expect(refusal(sent("snapshot", bytes))).toBe("the payload is not UTF-8 JSON");
    expect(refusal(sent("snapshot", encodeJson({ v: 1 })))).toBe("the payload is no snapshot");
    const nobody = { ...snapshotOf(first.state), state: { members: [] } };
    expect(refusal(sent("snapshot", encodeJson(nobody)))).toBe("the snapshot is none of its release");
  });

  // R103
  test("that names no room is refused: nothing could wait for it", () => {
    const heartbeat = {
      subject: `outbox.${HOME}.${HERE}.-.heartbeat`,
      payload: encodeJson({}),
      trace: newTrace(),
      streamSequence: newSequence(),
    };
    expect(refusal(heartbeat)).toBe("the subject is none of a room");
    expect(refusal({ ...heartbeat, subject: `outbox.${HOME}.${HERE}` })).toBe(
      "the subject is none of a room",
    );
  });

  // R88
  test("of a type or schema that only a newer release knows is unknown, and of its home all the same", () => {
    const newer = { ...second.event, v: 2 };
    const strange = { ...second.event, type: "room_painted" };
    expect(readArrival(sent("role_changed", encodeJson(newer)))).toMatchObject({
      kind: "unknown",
      revision: 2,
    });
    expect(readArrival(sent("room_painted", encodeJson(strange)))).toMatchObject({
      kind: "unknown",
      revision: 2,
    });
    expect(readArrival(sent("final", encodeJson(newer)))).toMatchObject({ kind: "unknown", revision: 2 });
    const { siteId, revision } = first.state;
    const snapshot = encodeJson({ v: 2, siteId, roomId, revision, shape: "of tomorrow" });
    expect(readArrival(sent("snapshot", snapshot))).toMatchObject({
      kind: "unknown",
      roomId,
      siteId,
      revision,
    });
    expect(refusal(sent("room_painted", encodeJson(strange), { siteId: "site-c" }))).toBe(FOREIGN);
    expect(refusal(sent("snapshot", snapshot, { siteId: "site-c" }))).toBe(FOREIGN);
  });
});

describe("a repair of our own", () => {
  test("is a snapshot of whatever home it names", () => {
    const arrival = readArrival(repair(roomId, snapshotOf(first.state, { repair: true })));
    expect(arrival).toMatchObject({
      kind: "snapshot",
      siteId: HOME,
      revision: 1,
      snapshot: { repair: true },
    });
  });

  test("of another room than its subject names is refused", () => {
    expect(refusal(repair(OTHER_ROOM, snapshotOf(first.state)))).toBe(MISPLACED);
  });
});

test("a snapshot reads back as the state it was taken of", () => {
  const { payload, ...message } = snapshotMessage(first.state, HERE);
  const arrival = readArrival({ ...message, payload });
  expect(arrival).toMatchObject({ snapshot: JSON.parse(new TextDecoder().decode(payload)) });
});
