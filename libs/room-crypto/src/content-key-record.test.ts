import { expect, test } from "vitest";

import { createContentKey, freshContentKey } from "./content-key.ts";
import { openContentKeyRecord, sealContentKeyRecord } from "./content-key-record.ts";
import { parseKeyEncryptionKeys } from "./key-encryption-keys.ts";
import { KeyRecordError, sealKeyRecord } from "./key-record.ts";
import { nodeSuite } from "./node-suite.ts";

const ringOf = (id: string, byte: number) =>
  parseKeyEncryptionKeys(`${id}:${Buffer.alloc(32, byte).toString("base64")}`);

const sealing = { suite: nodeSuite, keys: ringOf("k1", 1) };
const key = freshContentKey(nodeSuite, "jHjHNiEuCoJo8Nrzp");
const place = { siteId: "site-a", roomId: key.roomId, kid: key.kid };
const record = sealContentKeyRecord(sealing, { siteId: "site-a", key });

test("opens to the same key in its own place", () => {
  const opened = openContentKeyRecord(sealing, place, record);

  expect(opened).toEqual(key);
  expect(opened.bytes).toEqual(key.bytes);
  expect(key.kid).toMatch(/^[0-9a-f]{32}$/);
});

test("has the form k1, key id, base64 of 12 + 32 + 16 bytes", () => {
  const [form, keyId, body = ""] = record.split(".");

  expect([form, keyId, Buffer.from(body, "base64").length]).toEqual(["k1", "k1", 60]);
});

test.each([{ siteId: "site-b" }, { roomId: "aSq00HrEHIPae2UHp" }, { kid: "other" }])(
  "does not open at %o",
  (other) => {
    expect(() => openContentKeyRecord(sealing, { ...place, ...other }, record)).toThrow(KeyRecordError);
  },
);

test("does not open under another key-encryption key, by its id or its bytes", () => {
  for (const keys of [ringOf("k2", 1), ringOf("k1", 2)])
    expect(() => openContentKeyRecord({ suite: nodeSuite, keys }, place, record)).toThrow(KeyRecordError);
});

test("the record of a room key is none of a content key", () => {
  const roomKey = sealKeyRecord(sealing, { ...place, version: 0 }, nodeSuite.generatePair());

  expect(() => openContentKeyRecord(sealing, place, roomKey)).toThrow(
    "content key of room jHjHNiEuCoJo8Nrzp: the stored record is malformed",
  );
});

test("bytes of another length are no content key", () => {
  for (const length of [0, 31, 33])
    expect(() => createContentKey({ ...key, bytes: new Uint8Array(length) })).toThrow(RangeError);
});
