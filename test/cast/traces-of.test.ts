import { Buffer } from "node:buffer";

import { expect, test } from "vitest";

import { findsAny } from "./traces-of.ts";

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
