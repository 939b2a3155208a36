import { assert, property, string, uint8Array } from "fast-check";
import { expect, test } from "vitest";

import { fromBase64, toBase64 } from "./base64.ts";

test("writes what Node writes and reads it back, for any bytes", () => {
  assert(
    property(uint8Array(), (bytes) => {
      const text = toBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64"));
      expect(fromBase64(text)).toEqual(bytes);
    }),
  );
});

test("reads one spelling only: any text is refused or is written back the same", () => {
  assert(
    property(string({ maxLength: 8 }), (text) => {
      const bytes = fromBase64(text);
      expect(bytes === undefined ? text : toBase64(bytes)).toBe(text);
    }),
  );
});

test.each([
  "QQ",
  "QQ=",
  "QR==",
  "QUF=",
  "Q===",
  "====",
  "QQ==\n",
  " QQ==",
  "Q-==",
  "QQ==QQ==",
  "ąQ==",
  "Āaaa",
])("refuses %j", (text) => {
  expect(fromBase64(text)).toBeUndefined();
});
