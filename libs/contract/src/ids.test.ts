import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  base62,
  byteOrder,
  channelIdOf,
  directRoomIdOf,
  directUserIdsOf,
  ensureKeyRequestIdOf,
  newMessageId,
  systemMessageIdOf,
  userIdOf,
  uuidV7,
} from "./ids.ts";
import { isToken } from "./tokens.ts";

type Input =
  | { readonly kind: "user"; readonly account: string }
  | { readonly kind: "dm"; readonly userIds: readonly [string, string] }
  | {
      readonly kind: "channel";
      readonly siteId: string;
      readonly account: string;
      readonly requestId: string;
    }
  | { readonly kind: "system"; readonly roomId: string; readonly revision: number; readonly type: string };

interface IdVector {
  readonly name: string;
  readonly input: Input;
  readonly expect: string;
}

const vectors: readonly IdVector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../test/vectors/ids.json"), "utf8"),
);

function idOf(input: Input): string {
  switch (input.kind) {
    case "user":
      return userIdOf(input.account);
    case "dm":
      return directRoomIdOf(input.userIds);
    case "channel":
      return channelIdOf(input);
    case "system":
      return systemMessageIdOf(input);
  }
}

describe("the derived ids of the vectors", () => {
  test.each(vectors)("$name", (vector) => {
    expect(idOf(vector.input)).toBe(vector.expect);
  });

  test("cover every kind", () => {
    expect(new Set(vectors.map(({ input }) => input.kind))).toEqual(
      new Set(["user", "dm", "channel", "system"]),
    );
  });
});

test("base62 has exactly the asked length, left-padded", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 25 }), (text, length) => {
      expect(base62(text, length)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`));
    }),
  );
  // 128 bits have at most 22 digits.
  expect(base62("ann", 25)).toMatch(/^000/);
});

// R16
test("a direct message has one id from either side", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const [one, other] = [userIdOf(a), userIdOf(b)];
      expect(directRoomIdOf([one, other])).toBe(directRoomIdOf([other, one]));
      expect(isToken("roomId", directRoomIdOf([one, other]))).toBe(true);
    }),
  );
});

test("a direct message's id tells whose it is, and no other id does", () => {
  const [one, other] = [userIdOf("ann"), userIdOf("bob")].toSorted(byteOrder);
  expect(directUserIdsOf(`${one}${other}`)).toEqual([one, other]);
  expect([`${other}${one}`, `${one}${one}`, one ?? "", ""].map(directUserIdsOf)).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
});

// R114
test("a system message's id is of no length that a client may send", () => {
  const id = systemMessageIdOf({ roomId: "jHjHNiEuCoJo8Nrzp", revision: 1, type: "room_created" });

  expect(id).toHaveLength(22);
  expect(newMessageId()).toHaveLength(20);
});

test("new message ids differ and are message ids", () => {
  const ids = Array.from({ length: 100 }, () => newMessageId());

  expect(new Set(ids).size).toBe(100);
  expect(ids.filter((id) => !isToken("messageId", id))).toEqual([]);
});

test("the order of bytes is that of UTF-8, not of JavaScript's code units", () => {
  // U+FF61 is one code unit above the surrogates of U+10000, and three bytes below its four.
  expect(["\u{10000}", "\uFF61"].toSorted(byteOrder)).toEqual(["\uFF61", "\u{10000}"]);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
      expect(Math.sign(byteOrder(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
});

describe("a fresh UUID of version 7", () => {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

  test("is a request id that begins with its time", () => {
    const uuid = uuidV7(at);

    expect(isToken("requestId", uuid)).toBe(true);
    expect(uuid[14]).toBe("7");
    expect(Number.parseInt(uuid.replaceAll("-", "").slice(0, 12), 16)).toBe(at);
  });

  test("differs from the next of the same time", () => {
    expect(uuidV7(at)).not.toBe(uuidV7(at));
  });

  test("sorts by time", () => {
    const uuids = [0, 1, 65_535, 65_536, at, at + 1, 2 ** 48 - 1].map(uuidV7);

    expect(uuids.toSorted()).toEqual(uuids);
  });
});

test("the request id of a lost key is the same whoever asks, and another for each version", () => {
  const of = { roomId: "jHjHNiEuCoJo8Nrzp", keyVersion: 3 };

  // The first 16 bytes of SHA-256("ensure\njHjHNiEuCoJo8Nrzp\n3") with version 7 and variant 10 set, made with coreutils.
  expect(ensureKeyRequestIdOf(of)).toBe("54822a82-0704-75d4-8a10-0fcf5a3095dc");
  expect(isToken("requestId", ensureKeyRequestIdOf(of))).toBe(true);
  expect(ensureKeyRequestIdOf({ ...of, keyVersion: 4 })).not.toBe(ensureKeyRequestIdOf(of));
});
