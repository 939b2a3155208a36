import { Failure } from "@parley/contract/failure";
import type { MessageRow } from "@parley/mongo/message-store";
import { describe, expect, it } from "vitest";

import { assertMayEdit, assertMayPin, judgeDelete, judgeEdit, judgePin, judgeReaction } from "./change.ts";

const row: MessageRow = {
  messageId: "a".repeat(20),
  roomId: "b".repeat(17),
  createdAt: 1,
  sender: { account: "ann", kind: "person", name: "Ann" },
  body: { kid: "c1", nonce: "AAAA", ciphertext: "AAAA" },
  mentions: ["bob"],
  requestId: "r",
  canonical: true,
};
const deleted: MessageRow = { ...row, deletedAt: 5 };
const ofTheSystem: MessageRow = { ...row, system: { type: "room_created", data: {} } };
const said = { content: "hello", mentions: ["bob"] };
const attachment = { id: "1", name: "a", contentType: "text/plain", bytes: 1 };

const outcomeOf = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    if (error instanceof Failure) return error.reason;
    throw error;
  }
};

describe("an edit", () => {
  const may = (of: MessageRow, account: string) => outcomeOf(() => assertMayEdit(of, account));
  const edits = (of: Parameters<typeof judgeEdit>[0], edit: Parameters<typeof judgeEdit>[1]) =>
    outcomeOf(() => judgeEdit(of, edit));

  it("is the author's alone, and what the system says is nobody's", () => {
    expect(may(row, "ann")).toBeUndefined();
    expect(may(row, "bob")).toBe("not_message_author");
    expect(may(ofTheSystem, "ann")).toBe("not_message_author");
    expect(may(deleted, "bob")).toBe("not_message_author");
  });

  it("of a deleted message is refused", () => {
    expect(may(deleted, "ann")).toBe("message_deleted");
  });

  it("that says the same changes nothing, other mentions are something else", () => {
    expect(edits(said, { content: "hello", mentions: ["bob"] })).toBe("unchanged");
    expect(edits(said, { content: "hello" })).toBe("new");
    expect(edits(said, { content: "hi", mentions: ["bob"] })).toBe("new");
  });

  it("of what is lost says something new, whatever it says", () => {
    const lost = { content: "", contentState: "lost" as const, attachments: [attachment] };
    expect(edits(lost, { content: "" })).toBe("new");
  });

  it("leaves something to say: a text or attachments", () => {
    expect(edits(said, { content: " " })).toBe("invalid_request");
    expect(edits({ ...said, attachments: [attachment] }, { content: "" })).toBe("new");
  });
});

describe("a deletion", () => {
  const deletes = (of: MessageRow, account: string, role: "owner" | "member" = "member") =>
    outcomeOf(() => judgeDelete(of, { account, subscription: { role } }));

  it("is the author's or an owner's, and what the system says stays", () => {
    expect(deletes(row, "ann")).toBe("new");
    expect(deletes(row, "bob")).toBe("not_room_owner");
    expect(deletes(row, "bob", "owner")).toBe("new");
    expect(deletes(ofTheSystem, "ann", "owner")).toBe("not_message_author");
  });

  it("happens once", () => {
    expect(deletes(deleted, "ann")).toBe("unchanged");
    expect(deletes(deleted, "bob")).toBe("not_room_owner");
  });
});

describe("a reaction", () => {
  const marked = (count: number): MessageRow => ({
    ...row,
    marks: Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `${index}`,
        { emoji: `e${index}`, account: "bob", on: true, at: 2 },
      ]),
    ),
  });
  const reacts = (of: MessageRow, emoji: string, on = true) =>
    outcomeOf(() => judgeReaction(of, { account: "bob", emoji, on }));

  it("sets and never toggles", () => {
    expect(reacts(row, "e0")).toBe("new");
    expect(reacts(row, "e0", false)).toBe("unchanged");
    expect(reacts(marked(1), "e0")).toBe("unchanged");
    expect(reacts(marked(1), "e0", false)).toBe("new");
    const takenBack = { ...row, marks: { x: { emoji: "e0", account: "bob", on: false, at: 3 } } };
    expect(reacts(takenBack, "e0")).toBe("new");
  });

  it("is one of at most 50 different ones", () => {
    expect(reacts(marked(49), "new")).toBe("new");
    expect(reacts(marked(50), "new")).toBe("invalid_request");
    expect(outcomeOf(() => judgeReaction(marked(50), { account: "cat", emoji: "e7", on: true }))).toBe("new");
  });

  it("to a deleted message is refused", () => {
    expect(reacts(deleted, "e0")).toBe("message_deleted");
  });
});

describe("a pin", () => {
  it("sets and never toggles", () => {
    expect(outcomeOf(() => judgePin(row, true))).toBe("new");
    expect(outcomeOf(() => judgePin(row, false))).toBe("unchanged");
    expect(outcomeOf(() => judgePin({ ...row, pinnedAt: 3 }, true))).toBe("unchanged");
    expect(outcomeOf(() => judgePin({ ...row, pinnedAt: 3 }, false))).toBe("new");
  });

  it("of a deleted message, or beyond the room's limit, is refused", () => {
    expect(outcomeOf(() => judgePin(deleted, true))).toBe("message_deleted");
    expect(outcomeOf(() => assertMayPin(9, 10))).toBeUndefined();
    expect(outcomeOf(() => assertMayPin(10, 10))).toBe("pin_limit_reached");
  });
});
