import { Buffer } from "node:buffer";

import { Failure } from "@parley/contract/failure";
import type { SealedContent, StoredMessage } from "@parley/contract/messages";
import { OpenError } from "@parley/room-crypto/open-error";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { describe, expect, it } from "vitest";

import type { ContentKeys } from "./content-keys.ts";
import { createMessageBodies, openMessage } from "./message-bodies.ts";

const message = { roomId: "b".repeat(17), messageId: "a".repeat(20) };
const attachments = [{ id: "f", name: "plan.pdf", contentType: "application/pdf", bytes: 3 }];
const meta = {
  ...message,
  createdAt: 5,
  sender: { account: "ann", kind: "person" as const, name: "Ann" },
  mentions: ["bob"],
};

/** Notes the place instead of sealing for it; `lost` is what no key opens. */
const noted: ContentKeys = {
  async seal({ roomId, entityId, field }, plaintext) {
    return {
      kid: "c1",
      nonce: `${roomId}/${entityId}/${field}`,
      ciphertext: Buffer.from(plaintext).toString("base64"),
    };
  },
  async open({ roomId, entityId, field }, { nonce, ciphertext }) {
    return nonce === `${roomId}/${entityId}/${field}` ? Buffer.from(ciphertext, "base64") : "lost";
  },
};
const log = createMemoryLog();
const bodies = createMessageBodies({ keys: noted, log });
const viewOf = (stored: StoredMessage) => openMessage(bodies, stored);

describe("the body of a message", () => {
  it("is text and attachments, sealed for its room and message, and opens to them", async () => {
    const body = await bodies.seal(message, { content: "hello ☂", attachments });
    expect(body.nonce).toBe(`${message.roomId}/${message.messageId}/body`);
    expect(await bodies.open(message, { body })).toEqual({ content: "hello ☂", attachments });
    expect(await viewOf({ ...meta, body })).toEqual({ ...meta, content: "hello ☂", attachments });
  });

  it("has no attachments where the message has none", async () => {
    const body = await bodies.seal(message, { content: "hello", attachments: undefined });
    expect(Buffer.from(body.ciphertext, "base64").toString()).toBe('{"content":"hello"}');
    expect(await viewOf({ ...meta, body })).toStrictEqual({ ...meta, content: "hello" });
  });

  it("in clear, as it rested before bodies were sealed, reads as it is", async () => {
    expect(await viewOf({ ...meta, content: "hello", attachments })).toEqual({
      ...meta,
      content: "hello",
      attachments,
    });
  });

  it("that no key opens is lost, and the rest of the message is not", async () => {
    const body: SealedContent = { kid: "c0", nonce: "elsewhere", ciphertext: "AAAA" };
    expect(await viewOf({ ...meta, body })).toStrictEqual({ ...meta, content: "", contentState: "lost" });
  });

  it("that was changed is lost to its readers alone, and alarmed", async () => {
    const keys: ContentKeys = { ...noted, open: () => Promise.reject(new OpenError("corrupt")) };
    const own = createMemoryLog();
    const body: SealedContent = { kid: "c1", nonce: "AAAA", ciphertext: "AAAA" };
    const opened = createMessageBodies({ keys, log: own }).open(message, { body });
    expect(await opened).toEqual({ content: "", contentState: "lost" });
    expect(own.entries).toMatchObject([{ event: "message_body_corrupt", fields: message }]);
  });

  it("whose key cannot be asked for now is not lost: the caller hears of it", async () => {
    const keys: ContentKeys = { ...noted, open: () => Promise.reject(new Failure("store_unavailable")) };
    const body: SealedContent = { kid: "c1", nonce: "AAAA", ciphertext: "AAAA" };
    const opened = createMessageBodies({ keys, log }).open(message, { body });
    await expect(opened).rejects.toMatchObject({ reason: "store_unavailable" });
  });

  it.each([
    ["no json"],
    ["{}"],
    ['{"content":7}'],
    ['"secret"'],
    ['{"content":"secret","attachments":[{}]}'],
  ])("that opens to %s is lost, alarmed, and not quoted", async (text) => {
    const body = await noted.seal(
      { ...message, entityId: message.messageId, field: "body" },
      Buffer.from(text),
    );
    expect(await bodies.open(message, { body })).toEqual({ content: "", contentState: "lost" });
    expect(log.events()).toContain("message_body_corrupt");
    expect(JSON.stringify(log.entries)).not.toContain("secret");
  });
});
