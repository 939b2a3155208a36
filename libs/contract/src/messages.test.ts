import { describe, expect, test } from "vitest";

import { canonicalMessage, listHistory, roomEvent, sendMessage } from "./messages.ts";

const MESSAGE = "0123456789ABCDEFabcd";
const ROOM = "jHjHNiEuCoJo8Nrzp";
const MOMENT = 1_700_000_000_000;

const sends = (fields: object): boolean =>
  sendMessage.body.safeParse({ messageId: MESSAGE, content: "hello", ...fields }).success;

const reads = (body: unknown): boolean => listHistory.body.safeParse(body).success;

describe("the content of a message", () => {
  test("has at most 20 480 bytes, counted in UTF-8", () => {
    expect(sends({ content: "x".repeat(20_480) })).toBe(true);
    expect(sends({ content: "x".repeat(20_481) })).toBe(false);
    expect(sends({ content: "é".repeat(10_240) })).toBe(true);
    expect(sends({ content: "é".repeat(10_241) })).toBe(false);
  });

  test.each(["", " ", "\n\t", "\u3000"])("is not blank: %j", (content) => {
    expect(sends({ content })).toBe(false);
  });

  test("is kept as it was written, outer blanks included", () => {
    expect(sendMessage.body.parse({ messageId: MESSAGE, content: " e\u0301\n" }).content).toBe(" e\u0301\n");
  });

  // Stored, it would become another text, and the repeat of the same send another message.
  test("has a UTF-8 form", () => {
    expect(sends({ content: "a\uD83D" })).toBe(false);
  });

  test.each([null, 1, ["hello"], undefined])("is a text: %j", (content) => {
    expect(sends({ content })).toBe(false);
  });
});

describe("msg.send", () => {
  // R114
  test.each([
    "0123456789ABCDEFabc",
    "0123456789ABCDEFabcde",
    "0123456789ABCDEFabcdef",
    "0123456789ABCDEFabc-",
    "",
  ])("refuses the message id %j: a client's has exactly 20 base62 characters", (messageId) => {
    expect(sends({ messageId })).toBe(false);
  });

  test("takes a reply to a system message", () => {
    expect(sends({ replyTo: "6apxUguKS4myz05GZmXBP0" })).toBe(true);
    expect(sends({ replyTo: "short" })).toBe(false);
  });

  test("mentions at most 100 accounts", () => {
    const mentions = Array.from({ length: 100 }, (_, index) => `user-${index}`);

    expect(sends({ mentions })).toBe(true);
    expect(sends({ mentions: [...mentions, "one-more"] })).toBe(false);
    expect(sends({ mentions: ["a.b"] })).toBe(false);
  });

  test.each(["createdAt", "at", "sender", "account", "system", "keyFloor", "revision"])(
    "never takes %s from a body",
    (field) => {
      expect(sends({ [field]: 1 })).toBe(false);
    },
  );
});

describe("msg.history", () => {
  test("has 50 messages unless told and at most 100", () => {
    expect(listHistory.body.parse({})).toEqual({ limit: 50 });
    expect([0, 1, 100, 101, 1.5].map((limit) => reads({ limit }))).toEqual([false, true, true, false, false]);
  });

  test("goes on before the cursor an earlier page ended with", () => {
    expect(reads({ before: `${MOMENT}-${MESSAGE}` })).toBe(true);
    expect(
      ["", "1", `-${MESSAGE}`, `1e3-${MESSAGE}`, `${MOMENT}-$ne`].map((before) => reads({ before })),
    ).toEqual(Array.from({ length: 5 }, () => false));
  });
});

const view = {
  messageId: MESSAGE,
  roomId: ROOM,
  createdAt: MOMENT,
  sender: { account: "ann", userId: "oRnNJiRm4DBwopLGo", kind: "person", name: "Ann" },
  content: "hello",
} as const;

const canonical = {
  type: "created",
  v: 1,
  roomId: ROOM,
  siteId: "alpha",
  messageId: MESSAGE,
  at: MOMENT,
  actor: { account: "ann", kind: "person" },
  requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  revision: 3,
  keyFloor: 0,
  data: view,
} as const;

const event = {
  type: "message_created",
  roomId: ROOM,
  siteId: "alpha",
  id: MESSAGE,
  at: MOMENT,
  seq: 2,
  prevSeq: 1,
  revision: 3,
  sealed: { alg: "x", version: 0, ephemeralPublicKey: "AAAA", nonce: "AAAA", ciphertext: "AAAA" },
} as const;

describe("what is published", () => {
  test("keeps the commitment of a sealed body, where there is one", () => {
    const committed = { ...event, sealed: { ...event.sealed, commitment: "AAAA" } };

    expect(roomEvent.parse(committed)).toEqual(committed);
    expect(
      roomEvent.safeParse({ ...event, sealed: { ...event.sealed, commitment: "no base64!" } }).success,
    ).toBe(false);
  });

  test("carries fields of a newer release past this one's readers", () => {
    expect(canonicalMessage.parse({ ...canonical, device: 1, data: { ...view, colour: "red" } })).toEqual(
      canonical,
    );
    expect(roomEvent.parse({ ...event, hint: 1, sealed: { ...event.sealed, more: 1 } })).toEqual(event);
  });

  test("is no message without its key floor, its sender or its revision", () => {
    const { keyFloor: _floor, ...withoutFloor } = canonical;
    const { sender: _sender, ...withoutSender } = view;

    expect(canonicalMessage.safeParse(withoutFloor).success).toBe(false);
    expect(canonicalMessage.safeParse({ ...canonical, data: withoutSender }).success).toBe(false);
    expect(canonicalMessage.safeParse({ ...canonical, revision: -1 }).success).toBe(false);
  });

  test("is no room event without a sealed body", () => {
    const { sealed: _sealed, ...open } = event;

    expect(roomEvent.safeParse(open).success).toBe(false);
    expect(roomEvent.safeParse({ ...event, sealed: { ...event.sealed, nonce: "no base64!" } }).success).toBe(
      false,
    );
  });
});
