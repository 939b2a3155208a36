import { describe, expect, it } from "vitest";

import { Unprocessable } from "./park.ts";
import { encodeJson } from "./publish.ts";
import { readCanonicalMessage, roomOfMessage } from "./read-canonical-message.ts";

const roomId = "a".repeat(17);
const messageId = "b".repeat(20);
const subject = `chat.msg.canonical.alpha.3.${roomId}.created`;
const message = {
  type: "created",
  v: 1,
  roomId,
  siteId: "alpha",
  messageId,
  at: 1,
  actor: { account: "ann", kind: "person" },
  requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  revision: 1,
  keyFloor: 0,
  data: {
    messageId,
    roomId,
    createdAt: 1,
    sender: { account: "ann", kind: "person", name: "Ann" },
    content: "x",
  },
};

const thrownFor = (payload: Uint8Array, on = subject): unknown => {
  try {
    return readCanonicalMessage({ subject: on, payload });
  } catch (error) {
    return error;
  }
};

describe("readCanonicalMessage", () => {
  it("reads a message and ignores fields it does not know", () => {
    const payload = encodeJson({ ...message, mood: "good", data: { ...message.data, colour: "red" } });

    expect(readCanonicalMessage({ subject, payload })).toEqual(message);
  });

  it("reads a message whose text is sealed", () => {
    const { content: _content, ...meta } = message.data;
    const body = { kid: "c1", nonce: "AAAAAAAAAAAAAAAA", ciphertext: "AAAA" };
    const sealed = { ...message, v: 2, data: { ...meta, body } };

    expect(readCanonicalMessage({ subject, payload: encodeJson(sealed) })).toEqual(sealed);
    expect(thrownFor(encodeJson({ ...sealed, data: meta }))).toBeInstanceOf(Unprocessable);
  });

  it.each([
    ["bytes that are no UTF-8", Uint8Array.of(0xff)],
    ["no JSON", new TextEncoder().encode("{")],
    ["JSON that is no object", encodeJson(null)],
    ["an object that is no message", encodeJson({})],
    ["a message that lacks a field", encodeJson({ ...message, keyFloor: undefined })],
    ["a message of another room than its subject's", encodeJson({ ...message, roomId: "c".repeat(17) })],
    ["a message of another site", encodeJson({ ...message, siteId: "beta" })],
  ])("takes %s for garbage", (_, payload) => {
    expect(thrownFor(payload)).toBeInstanceOf(Unprocessable);
  });

  it.each([
    ["type", { type: "translated" }],
    ["revision of the schema", { v: 3 }],
  ])("lets a message of a %s it does not know wait for the upgrade", (_, newer) => {
    const thrown = thrownFor(encodeJson({ ...message, ...newer }));

    expect(thrown).toBeInstanceOf(Error);
    expect(thrown).not.toBeInstanceOf(Unprocessable);
  });
});

describe("roomOfMessage", () => {
  it("is the room of the subject, whatever else it holds", () => {
    expect(roomOfMessage({ subject })).toBe(roomId);
    expect(roomOfMessage({ subject: "chat.msg.canonical.alpha" })).toBe("");
  });
});
