import { expect, test } from "vitest";

import { parseKeyEncryptionKeys } from "./key-encryption-keys.ts";
import { createKeyPair } from "./key-pair.ts";
import { KeyRecordError, openKeyRecord, sealKeyRecord } from "./key-record.ts";
import { nodeSuite } from "./node-suite.ts";

const ringOf = (...entries: readonly [string, number][]) =>
  parseKeyEncryptionKeys(
    entries.map(([id, byte]) => `${id}:${Buffer.alloc(32, byte).toString("base64")}`).join(","),
  );

const place = { siteId: "site-a", roomId: "jHjHNiEuCoJo8Nrzp", version: 3 };
const sealing = { suite: nodeSuite, keys: ringOf(["k1", 1]) };
const pair = nodeSuite.generatePair();

test("opens to the same pair in its own place", () => {
  const opened = openKeyRecord(sealing, place, sealKeyRecord(sealing, place, pair));

  expect(opened.privateKey).toEqual(pair.privateKey);
  expect(opened.publicKey).toEqual(pair.publicKey);
});

test("has the form k1, key id, base64 of 12 + 65 + 32 + 16 bytes", () => {
  const [form, keyId, body = ""] = sealKeyRecord(sealing, place, pair).split(".");

  expect([form, keyId, Buffer.from(body, "base64").length]).toEqual(["k1", "k1", 125]);
});

test.each([{ siteId: "site-b" }, { roomId: "aSq00HrEHIPae2UHp" }, { version: 4 }])(
  "does not open at %o",
  (other) => {
    const record = sealKeyRecord(sealing, place, pair);

    expect(() => openKeyRecord(sealing, { ...place, ...other }, record)).toThrow(KeyRecordError);
  },
);

test("still opens when its key is no longer the first, and not once it has left the ring", () => {
  const record = sealKeyRecord(sealing, place, pair);
  const turned = { suite: nodeSuite, keys: ringOf(["k2", 2], ["k1", 1]) };
  const dropped = { suite: nodeSuite, keys: ringOf(["k2", 2]) };

  expect(openKeyRecord(turned, place, record)).toEqual(pair);
  expect(sealKeyRecord(turned, place, pair)).toMatch(/^k1\.k2\./);
  expect(() => openKeyRecord(dropped, place, record)).toThrow(
    "key v3 of room jHjHNiEuCoJo8Nrzp: no key-encryption key with id k1",
  );
});

test("does not open under another key of the same id", () => {
  const record = sealKeyRecord(sealing, place, pair);

  expect(() => openKeyRecord({ suite: nodeSuite, keys: ringOf(["k1", 9]) }, place, record)).toThrow(
    KeyRecordError,
  );
});

test("names room and version and shows no byte, whatever is wrong with a record", () => {
  const record = sealKeyRecord(sealing, place, pair);
  const body = record.split(".").at(-1) ?? "";
  const bad = [
    "",
    "k1",
    "k1.k1.",
    "k2.k1.AAAA",
    `k1.k1.${body}A`,
    `k1.k1.${body.slice(4)}`,
    `${record}.x`,
    record.replace(/.$/, "A"),
  ];

  for (const text of bad) {
    expect(() => openKeyRecord(sealing, place, text)).toThrow(/^key v3 of room jHjHNiEuCoJo8Nrzp: [a-z ]+$/);
  }
});

test("neither stores nor returns halves that do not belong together", () => {
  const mixed = createKeyPair({ publicKey: pair.publicKey, privateKey: nodeSuite.generatePair().privateKey });
  const unchecked = { ...sealing, suite: { ...nodeSuite, publicKeyOf: () => pair.publicKey } };
  const record = sealKeyRecord(unchecked, place, mixed);

  expect(() => sealKeyRecord(sealing, place, mixed)).toThrow(RangeError);
  expect(() => openKeyRecord(sealing, place, record)).toThrow(
    "key v3 of room jHjHNiEuCoJo8Nrzp: the stored pair is no pair",
  );
});
