import type { MessageView } from "@parley/contract/messages";
import { describe, expect, test } from "vitest";

import { coversShown, emptyTimeline, insertMessage, noteSequence, type Timeline } from "./timeline.ts";

const message = (createdAt: number, id = "a"): MessageView => ({
  messageId: id.repeat(20),
  roomId: "jHjHNiEuCoJo8Nrzp",
  createdAt,
  sender: { account: "ann", kind: "person", name: "Ann" },
  content: "x",
});
const shown = (timeline: Timeline, shownMax: number, ...messages: readonly MessageView[]): Timeline => {
  let result = timeline;
  for (const next of messages) result = insertMessage(result, next, shownMax).timeline;
  return result;
};

describe("the order of messages", () => {
  test("is by time of creation, then by the bytes of the id, whatever order they come in", () => {
    const expected = [message(1, "Z"), message(1, "a"), message(2, "0")];
    for (const order of [expected, expected.toReversed(), [expected[1], expected[0], expected[2]]]) {
      const timeline = shown(emptyTimeline(0), 10, ...order.filter((each) => each !== undefined));
      expect(timeline.messages).toEqual(expected);
    }
  });

  test("holds every message once", () => {
    const timeline = shown(emptyTimeline(0), 10, message(1), message(2, "b"));
    expect(insertMessage(timeline, message(1), 10)).toMatchObject({
      timeline,
      isNew: false,
      isChanged: false,
    });
  });

  test("keeps the newest; one older than all of a full window is not new", () => {
    const timeline = shown(emptyTimeline(0), 2, message(2, "b"), message(3, "c"), message(4, "d"));
    expect(timeline.messages).toEqual([message(3, "c"), message(4, "d")]);
    expect(insertMessage(timeline, message(1), 2).isNew).toBe(false);
  });
});

describe("the sequence of a room", () => {
  const { timeline: after3 } = noteSequence(emptyTimeline(0), { seq: 3, prevSeq: 0 });

  test("is whole while each event names the one before", () => {
    expect(noteSequence(after3, { seq: 7, prevSeq: 3 }).continuity).toBe("whole");
  });

  // R109
  test("has a gap when the predecessor is not held, and only once", () => {
    const { timeline, continuity } = noteSequence(after3, { seq: 9, prevSeq: 7 });
    expect(continuity).toBe("gap");
    expect(noteSequence(timeline, { seq: 7, prevSeq: 3 }).continuity).toBe("whole");
    expect(noteSequence(timeline, { seq: 10, prevSeq: 9 }).continuity).toBe("whole");
  });

  test("is unknown at the first event, unless nothing is before it", () => {
    expect(noteSequence(emptyTimeline(0), { seq: 9, prevSeq: 7 }).continuity).toBe("unknown");
    expect(noteSequence(emptyTimeline(0), { seq: 9, prevSeq: 0 }).continuity).toBe("whole");
  });

  test("is not touched by events that carry none", () => {
    expect(noteSequence(after3, {})).toEqual({ timeline: after3, continuity: "whole" });
  });
});

describe("a page of history", () => {
  test("is enough once it reaches back over all that is shown", () => {
    const timeline = shown(emptyTimeline(1), 10, message(5), message(8));
    expect(coversShown(timeline, [message(9), message(6)])).toBe(false);
    expect(coversShown(timeline, [message(9), message(5)])).toBe(true);
  });

  test("is enough when it reaches what is not shown unasked, or is empty", () => {
    expect(coversShown(emptyTimeline(100), [message(150), message(120)])).toBe(false);
    expect(coversShown(emptyTimeline(100), [message(150), message(99)])).toBe(true);
    expect(coversShown(emptyTimeline(100), [])).toBe(true);
  });

  test("is enough by itself for a room just entered", () => {
    expect(coversShown(emptyTimeline(0), [message(5)])).toBe(true);
  });
});
