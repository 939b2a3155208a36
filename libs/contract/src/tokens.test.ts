import { describe, expect, test } from "vitest";

import { isToken, type TokenName } from "./tokens.ts";

const USER_ID = "oRnNJiRm4DBwopLGo";
const REQUEST_ID = "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f";

/** One value that may stand at the place of each token. */
const VALID = {
  account: "ann",
  dest: "beta",
  fromSite: "beta",
  homeSite: "alpha",
  messageId: "0123456789ABCDEFabcd",
  orgId: "sect-1",
  partition: "7",
  process: "room-worker",
  reason: "no_envelope",
  requestId: REQUEST_ID,
  roomId: USER_ID,
  siteId: "alpha",
  type: "room_created",
} as const satisfies Record<TokenName, string>;

const tokenNames = Object.keys(VALID) as TokenName[];

/** SPEC-rooms 1.1: what no token of any kind may hold. */
const FORBIDDEN = {
  "a dot": ".",
  "a wildcard": "*",
  "the rest wildcard": ">",
  "a quote": '"',
  "a backslash": "\\",
  "a blank": " ",
  "a tab": "\t",
  "a line feed": "\n",
  "a carriage return": "\r",
  "a no-break space": "\u00A0",
  "an ideographic space": "\u3000",
  "a line separator": "\u2028",
  "a zero byte": "\0",
  "an escape": "\u001B",
  "a delete": "\u007F",
  "a next-line control": "\u0085",
};

describe.each(tokenNames)("the token %s", (name) => {
  const valid = VALID[name];

  test("takes its own form", () => {
    expect(isToken(name, valid)).toBe(true);
  });

  test("is never empty", () => {
    expect(isToken(name, "")).toBe(false);
  });

  test.each(Object.entries(FORBIDDEN))("refuses %s", (_what, character) => {
    expect(isToken(name, character)).toBe(false);
    expect(isToken(name, character + valid)).toBe(false);
    expect(isToken(name, valid + character)).toBe(false);
    // In place of a character, so that the length stays right.
    expect(isToken(name, valid.slice(0, -1) + character)).toBe(false);
    expect(isToken(name, character + valid.slice(1))).toBe(false);
  });
});

describe.each(["account", "orgId"] as const)("%s", (name) => {
  test("has at most 64 bytes, counted in UTF-8", () => {
    expect(isToken(name, "x".repeat(64))).toBe(true);
    expect(isToken(name, "x".repeat(65))).toBe(false);
    expect(isToken(name, "é".repeat(32))).toBe(true);
    expect(isToken(name, "é".repeat(33))).toBe(false);
  });

  test("is normalised, so that one handle has one spelling", () => {
    expect(isToken(name, "Zo\u00EB")).toBe(true);
    expect(isToken(name, "Zoe\u0308")).toBe(false);
  });

  test("has a UTF-8 form: half of a surrogate pair would be stored as another character", () => {
    expect(isToken(name, "\u{1F600}")).toBe(true);
    expect(isToken(name, "ann\uD83D")).toBe(false);
  });
});

describe.each(["siteId", "homeSite", "fromSite", "dest"] as const)("%s", (name) => {
  test.each(["event", "local", "canonical", "request", "server", "_"])("is never the word %s", (word) => {
    expect(isToken(name, word)).toBe(false);
  });

  test.each(["Alpha", "a_b", "ä", "x".repeat(33)])("refuses %s", (text) => {
    expect(isToken(name, text)).toBe(false);
  });

  test.each(["a", "0", "site-1", "x".repeat(32)])("takes %s", (text) => {
    expect(isToken(name, text)).toBe(true);
  });
});

test("a room id has the 17 characters of a channel or the 34 of a direct message", () => {
  const lengths = Array.from({ length: 40 }, (_, length) => length);

  expect(lengths.filter((length) => isToken("roomId", "a".repeat(length)))).toEqual([17, 34]);
});

test("a message id has the 20 characters of a client's or the 22 of the system's", () => {
  const lengths = Array.from({ length: 40 }, (_, length) => length);

  expect(lengths.filter((length) => isToken("messageId", "a".repeat(length)))).toEqual([20, 22]);
});

test("ids are base62 and nothing else", () => {
  expect(isToken("roomId", `${USER_ID.slice(1)}-`)).toBe(false);
  expect(isToken("roomId", `${USER_ID.slice(1)}é`)).toBe(false);
  expect(isToken("messageId", `${VALID.messageId.slice(1)}_`)).toBe(false);
});

test.each([
  ["of version 7", REQUEST_ID, true],
  ["of version 4", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", true],
  ["of version 1", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", false],
  ["of another variant", "3f2504e0-4f89-41d3-ca0c-0305e82c3301", false],
  ["in upper case: it is lower-cased on receipt", REQUEST_ID.toUpperCase(), false],
  ["without hyphens", REQUEST_ID.replaceAll("-", ""), false],
  ["in braces", `{${REQUEST_ID}}`, false],
  ["that is nil", "00000000-0000-0000-0000-000000000000", false],
])("a request id %s", (_what, text, expected) => {
  expect(isToken("requestId", text)).toBe(expected);
});
