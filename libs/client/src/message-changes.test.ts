import type { MessageView } from "@parley/contract/messages";
import { describe, expect, test } from "vitest";

import type { MessageChange } from "./message-changes.ts";
import { emptyTimeline, insertMessage, noteChange, noteReply, type Timeline } from "./timeline.ts";

const messageId = "a".repeat(20);
const created: MessageView = {
  messageId,
  roomId: "jHjHNiEuCoJo8Nrzp",
  createdAt: 1,
  sender: { account: "ann", kind: "person", name: "Ann" },
  content: "first",
  mentions: ["bob"],
};

const edited = (at: number, content: string): MessageChange => ({
  type: "message_edited",
  messageId,
  at,
  content,
});
const deleted = (at: number): MessageChange => ({ type: "message_deleted", messageId, at, by: "ann" });
const reacted = (at: number, of: { by: string; emoji?: string; on?: boolean }): MessageChange => ({
  type: "message_reacted",
  messageId,
  at,
  emoji: "+1",
  on: true,
  ...of,
});
const pinned = (at: number, on: boolean): MessageChange => ({
  type: "message_pinned",
  messageId,
  at,
  pinned: on,
  by: "ann",
});

/** Orders of the same steps, the same in every run. */
function* orders<T>(steps: readonly T[], count: number): Generator<readonly T[]> {
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  for (let made = 0; made < count; made += 1) {
    const placed = steps.map((step) => ({ step, place: random() }));
    yield placed.toSorted((a, b) => a.place - b.place).map(({ step }) => step);
  }
}

type Step = MessageChange | MessageView;
const take = (timeline: Timeline, step: Step): Timeline =>
  "type" in step ? noteChange(timeline, step).timeline : insertMessage(timeline, step, 10).timeline;
const shownAfter = (...steps: readonly Step[]): MessageView | undefined =>
  steps.reduce(take, emptyTimeline(0)).messages[0];

describe("a message and its changes", () => {
  const changes = [
    edited(5, "second"),
    edited(7, "third"),
    reacted(4, { by: "bob" }),
    reacted(6, { by: "cat" }),
    reacted(8, { by: "bob", on: false }),
    pinned(9, true),
    pinned(10, false),
    pinned(11, true),
  ];

  // R92
  test("end the same in whatever order they come, the message last or in between, some of them twice", () => {
    const expected = shownAfter(created, ...changes);
    expect(expected).toMatchObject({
      content: "third",
      editedAt: 7,
      reactions: [{ emoji: "+1", accounts: ["cat"] }],
      pinnedAt: 11,
    });
    expect(expected).not.toHaveProperty("mentions");
    for (const order of orders([created, ...changes, ...changes.slice(0, 3)], 300))
      expect(shownAfter(...order)).toEqual(expected);
  });

  // R92
  test("end as a tombstone of the first deletion, whatever comes before or after", () => {
    const all = [created, ...changes, deleted(3), deleted(12)];
    const { mentions: _, ...rest } = created;
    for (const order of orders(all, 300))
      expect(shownAfter(...order)).toEqual({ ...rest, content: "", deletedAt: 3 });
  });
});

describe("a reading of history", () => {
  const read: MessageView = {
    ...created,
    content: "third",
    editedAt: 7,
    reactions: [{ emoji: "+1", accounts: ["cat"] }],
    markedAt: 8,
  };

  test("shows changes that nobody told", () => {
    expect(shownAfter(created, read)).toMatchObject({ content: "third", reactions: read.reactions });
  });

  test("takes nothing back that was told after it was made, and brings nothing back that it has seen taken back", () => {
    const behind = shownAfter(created, reacted(9, { by: "dan" }), edited(9, "fourth"), read);
    expect(behind).toMatchObject({
      content: "fourth",
      reactions: [{ emoji: "+1", accounts: ["cat", "dan"] }],
    });
    const ahead = shownAfter(created, reacted(4, { by: "bob" }), read);
    expect(ahead?.reactions).toEqual([{ emoji: "+1", accounts: ["cat"] }]);
  });

  test("of a deletion leaves the earlier of two to count, and catches up with all that was told", () => {
    const tombstone = { ...created, content: "", deletedAt: 12 };
    expect(shownAfter(created, tombstone, deleted(3))?.deletedAt).toBe(3);
    expect(shownAfter(created, { ...tombstone, deletedAt: 3 }, deleted(12))?.deletedAt).toBe(3);
    const timeline = [created, reacted(4, { by: "bob" }), edited(5, "second"), read].reduce(
      take,
      emptyTimeline(0),
    );
    expect(timeline.changed.size).toBe(0);
  });

  test("that shows the same still says what it has seen: what comes late of it brings nothing back", () => {
    const takenBack: MessageView = { ...created, markedAt: 8 };
    expect(shownAfter(created, takenBack, reacted(4, { by: "bob" }))?.reactions).toBeUndefined();
  });

  test("that finds the text lost takes nothing from who has heard it, and nothing stays lost that is said anew", () => {
    const lost: MessageView = { ...created, content: "", contentState: "lost" };
    expect(shownAfter(created, lost)).toEqual({ ...created, content: "first" });
    expect(shownAfter(lost)).toMatchObject({ content: "", contentState: "lost" });
    expect(shownAfter(created, { ...lost, editedAt: 5 })).toMatchObject({
      contentState: "lost",
      editedAt: 5,
    });
    for (const anew of [edited(5, "second"), { ...created, content: "second", editedAt: 5 }]) {
      expect(shownAfter(lost, anew)).toMatchObject({ content: "second" });
      expect(shownAfter(lost, anew)).not.toHaveProperty("contentState");
    }
    expect(shownAfter(lost, deleted(5))).not.toHaveProperty("contentState");
    const unlost = insertMessage(
      take(emptyTimeline(0), { ...lost, editedAt: 5 }),
      { ...created, content: "", editedAt: 5 },
      10,
    );
    expect(unlost.isChanged).toBe(true);
  });

  test("that is older than another changes nothing", () => {
    const timeline = [created, read].reduce(take, emptyTimeline(0));
    expect(insertMessage(timeline, created, 10)).toMatchObject({ isNew: false, isChanged: false });
    expect(insertMessage(timeline, created, 10).timeline.messages[0]?.content).toBe("third");
  });
});

describe("a change", () => {
  test("is told once, also of a message that is not shown", () => {
    const first = noteChange(emptyTimeline(0), edited(5, "second"));
    expect(first.isChanged).toBe(true);
    expect(first).not.toHaveProperty("message");
    expect(noteChange(first.timeline, edited(5, "second")).isChanged).toBe(false);
    expect(noteChange(first.timeline, edited(4, "older")).isChanged).toBe(false);
  });
});

describe("the replies of a thread", () => {
  test("are counted once, be they told or read", () => {
    const begun = take(emptyTimeline(0), created);
    const one = noteReply(begun, { threadOf: messageId, createdAt: 5 });
    expect(one.message).toMatchObject({ replyCount: 1, lastReplyAt: 5 });
    expect(noteReply(one.timeline, { threadOf: messageId, createdAt: 5 }).isChanged).toBe(false);
    const read = take(one.timeline, { ...created, replyCount: 3, lastReplyAt: 9 });
    expect(noteReply(read, { threadOf: messageId, createdAt: 7 }).isChanged).toBe(false);
    expect(noteReply(read, { threadOf: messageId, createdAt: 10 }).message?.replyCount).toBe(4);
  });
});
