import { assert, property, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";

import { openContent, sealContent } from "./content-cipher.ts";
import { createContentKey, freshContentKey } from "./content-key.ts";
import { nodeSuite } from "./node-suite.ts";
import { OpenError } from "./open-error.ts";
import { portableSuite } from "./portable-suite.ts";

const key = freshContentKey(nodeSuite, "jHjHNiEuCoJo8Nrzp");
const place = { entityId: "0000000000000000Msg1", field: "body" };
const seal = (plaintext: Uint8Array) => sealContent(nodeSuite, key, { ...place, plaintext });

describe.each([
  ["node", nodeSuite],
  ["portable", portableSuite],
])("suite %s", (_name, suite) => {
  test("opens whatever was sealed", () => {
    assert(
      property(uint8Array(), (plaintext) => {
        expect(openContent(suite, key, { ...place, sealed: seal(plaintext) })).toEqual(plaintext);
      }),
      { numRuns: 30 },
    );
  });

  test("opens nothing of another key, room, entity, field or key id", () => {
    const sealed = seal(new Uint8Array([1, 2, 3]));
    const { kid, bytes } = key;
    const others = [
      createContentKey({ roomId: key.roomId, kid, bytes: suite.randomBytes(32) }),
      createContentKey({ roomId: "aSq00HrEHIPae2UHp", kid, bytes }),
      createContentKey({ roomId: key.roomId, kid: "other", bytes }),
    ];

    for (const other of others)
      expect(() => openContent(suite, other, { ...place, sealed })).toThrow(OpenError);
    for (const other of [{ entityId: "0000000000000000Msg2" }, { field: "topic" }])
      expect(() => openContent(suite, key, { ...place, ...other, sealed })).toThrow(OpenError);
  });

  test("opens nothing malformed or changed", () => {
    const sealed = seal(new Uint8Array([1, 2, 3]));
    const changes = [
      { nonce: "" },
      { nonce: sealed.ciphertext },
      { ciphertext: "" },
      { ciphertext: sealed.nonce },
      { ciphertext: "no base64" },
      { ciphertext: seal(new Uint8Array([1, 2, 3])).ciphertext },
    ];

    for (const change of changes)
      expect(() => openContent(suite, key, { ...place, sealed: { ...sealed, ...change } })).toThrow(
        OpenError,
      );
  });
});

test("seals the same text differently each time", () => {
  const plaintext = new Uint8Array([1, 2, 3]);

  expect(seal(plaintext).nonce).not.toBe(seal(plaintext).nonce);
  expect(seal(plaintext).ciphertext).not.toBe(seal(plaintext).ciphertext);
});
