import { format, inspect } from "node:util";

import { expect, test } from "vitest";

import { assertPair, createKeyPair, pairOfPrivateKey, type RoomKeyPair } from "./key-pair.ts";
import { nodeSuite } from "./node-suite.ts";
import { createRoomKey, type RoomKey } from "./room-key.ts";

/** Every way a value ends up in a log line, an error or a message. */
const printings = (value: RoomKeyPair | RoomKey): string[] => [
  inspect(value, { depth: Infinity }),
  inspect({ nested: [value] }, { depth: Infinity }),
  JSON.stringify({ nested: [value] }),
  format("%s %o", value, value),
  JSON.stringify(Object.entries(value)),
];

function bytesShown(text: string, bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes);
  const decimal = [...bytes.subarray(0, 8)].join(",");
  const spellings = [buffer.toString("hex").slice(0, 16), buffer.toString("base64").slice(0, 10), decimal];
  return spellings.some((spelling) => text.replaceAll(" ", "").includes(spelling));
}

test("shows no byte of either key, however a pair or a room key is printed", () => {
  const pair = nodeSuite.generatePair();
  const key = createRoomKey({ roomId: "room", version: 3, pair });

  for (const text of [...printings(pair), ...printings(key)]) {
    expect(bytesShown(text, pair.privateKey)).toBe(false);
    expect(bytesShown(text, pair.publicKey)).toBe(false);
  }
  expect(bytesShown(JSON.stringify([...pair.privateKey]), pair.privateKey)).toBe(true);
});

test("prints a room key as its room and version", () => {
  const key = createRoomKey({ roomId: "room", version: 3, pair: nodeSuite.generatePair() });

  expect(inspect(key)).toBe("key v3 of room room");
  expect(String(key)).toBe("key v3 of room room");
  expect(JSON.stringify(key)).toBe('{"roomId":"room","version":3}');
});

test("compares pairs by their print, so two pairs are never taken for equal", () => {
  const [one, other] = [nodeSuite.generatePair(), nodeSuite.generatePair()];

  expect(one).toEqual(pairOfPrivateKey(nodeSuite, one.privateKey));
  expect(one).not.toEqual(other);
});

test("refuses a pair whose halves do not belong together, without showing them", () => {
  const [one, other] = [nodeSuite.generatePair(), nodeSuite.generatePair()];
  const mixed = createKeyPair({ publicKey: one.publicKey, privateKey: other.privateKey });

  expect(() => assertPair(nodeSuite, mixed)).toThrow("the public key does not belong to the private key");
  expect(() => assertPair(nodeSuite, one)).not.toThrow();
});

test("refuses keys of another form", () => {
  const { publicKey, privateKey } = nodeSuite.generatePair();

  expect(() => createKeyPair({ publicKey: publicKey.subarray(1), privateKey })).toThrow(RangeError);
  expect(() => createKeyPair({ publicKey, privateKey: privateKey.subarray(1) })).toThrow(RangeError);
  expect(() => pairOfPrivateKey(nodeSuite, new Uint8Array(32))).toThrow(RangeError);
});
