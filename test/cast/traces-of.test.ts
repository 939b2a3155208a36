import { Buffer } from "node:buffer";

import { expect, test } from "vitest";

import { findsAny, findsSecret } from "./traces-of.ts";

const TEXT = "écrit-4711 secret";
const finds = findsAny([TEXT]);

const FORMS: readonly (readonly [string, Buffer])[] = [
  ["UTF-8", Buffer.from(`before ${TEXT} after`)],
  ["UTF-16", Buffer.from(`before ${TEXT} after`, "utf16le")],
  ["UTF-16, high byte first", Buffer.from(`before ${TEXT} after`, "utf16le").swap16()],
  ["base64", Buffer.from(Buffer.from(`${TEXT} after`).toString("base64"))],
  ["base64, one byte in", Buffer.from(Buffer.from(`1${TEXT} after`).toString("base64"))],
  ["base64, two bytes in", Buffer.from(Buffer.from(`12${TEXT} after`).toString("base64"))],
  ["base64 of UTF-16", Buffer.from(Buffer.from(`x${TEXT}y`, "utf16le").toString("base64"))],
  ["hex", Buffer.from(Buffer.from(`x${TEXT}y`).toString("hex"))],
  ["JSON in ASCII", Buffer.from('{"content":"\\u00e9crit-4711 secret"}')],
  ["a query", Buffer.from(encodeURIComponent(TEXT))],
];

test.for(FORMS)("a text is found in %s", ([, bytes]) => {
  expect(finds(bytes)).toBe(true);
});

test("what is no form of it is not taken for it", () => {
  expect(finds(Buffer.from("ecrit-4711 secret"))).toBe(false);
  expect(finds(Buffer.alloc(4096))).toBe(false);
});

const SECRET = Buffer.from("00ff10e0deadbeef7f8091a2b3c4d5e6", "hex");
const WRITTEN: readonly (readonly [string, Buffer])[] = [
  ["bytes", Buffer.concat([Buffer.alloc(7), SECRET, Buffer.alloc(7)])],
  ["base64", Buffer.from(`"${SECRET.toString("base64")}"`)],
  ["base64url", Buffer.from(`"${SECRET.toString("base64url")}"`)],
  [
    "base64 of more",
    Buffer.from(Buffer.concat([Buffer.alloc(5), SECRET, Buffer.alloc(5)]).toString("base64")),
  ],
  ["hex", Buffer.from(`key=${SECRET.toString("hex")}`)],
  ["capital hex", Buffer.from(`key=${SECRET.toString("hex").toUpperCase()}`)],
];

test.for(WRITTEN)("a secret is found as %s", ([, bytes]) => {
  expect(findsSecret([SECRET])(bytes)).toBe(true);
  expect(findsSecret([Buffer.from(SECRET.toReversed())])(bytes)).toBe(false);
});
