import { describe, expect, test } from "vitest";

import {
  addMembers,
  changeRole,
  createRoom,
  getKey,
  listMembers,
  listRooms,
  removeMember,
} from "./room-requests.ts";

const accounts = (count: number): string[] => Array.from({ length: count }, (_, index) => `user-${index}`);
const creates = (body: unknown): boolean => createRoom.body.safeParse(body).success;
const adds = (body: unknown): boolean => addMembers.body.safeParse(body).success;
const removes = (body: unknown): boolean => removeMember.body.safeParse(body).success;
const nameOf = (name: string): unknown => createRoom.body.safeParse({ name }).data?.name;

describe("the name of a room", () => {
  test("has 1 to 100 code points, however many code units they are", () => {
    expect(nameOf("x".repeat(100))).toBe("x".repeat(100));
    expect(nameOf("x".repeat(101))).toBeUndefined();
    expect(nameOf("\u{1F600}".repeat(100))).toBe("\u{1F600}".repeat(100));
    expect(nameOf("\u{1F600}".repeat(101))).toBeUndefined();
  });

  test("is trimmed and normalised before it is measured", () => {
    expect(nameOf(`  ${"x".repeat(100)}\n`)).toBe("x".repeat(100));
    expect(nameOf("e\u0301".repeat(100))).toBe("\u00E9".repeat(100));
  });

  test.each(["", " ", "\t\n", "\u00A0", "\u3000"])("is not blank: %j", (name) => {
    expect(creates({ name })).toBe(false);
  });

  test.each(["a\0b", "a\nb", "a\tb", "a\u001Bb", "a\u007Fb", "a\u0085b"])(
    "has no control character: %j",
    (name) => {
      expect(creates({ name })).toBe(false);
    },
  );

  test("has a UTF-8 form", () => {
    expect(creates({ name: "a\uD83D" })).toBe(false);
  });

  test.each([1, null, ["Plans"], { text: "Plans" }])("is a text: %j", (name) => {
    expect(creates({ name })).toBe(false);
  });
});

describe.each([
  ["room.create", creates],
  ["member.add", adds],
])("%s", (_operation, takes) => {
  test("names at most 1000 accounts and 100 orgs", () => {
    expect(takes({ users: accounts(1000), orgs: accounts(100) })).toBe(true);
    expect(takes({ users: accounts(1001) })).toBe(false);
    expect(takes({ orgs: accounts(101) })).toBe(false);
  });

  test.each([[[""]], [["a.b"]], [["ann", 1]], [["x".repeat(65)]], ["ann"], [null]])(
    "refuses users %j",
    (users) => {
      expect(takes({ users })).toBe(false);
    },
  );

  test.each([[[""]], [["a b"]], [["*"]], [[null]]])("refuses orgs %j", (orgs) => {
    expect(takes({ orgs })).toBe(false);
  });

  test("leaves it to the rules whether anybody must be named", () => {
    expect(takes({})).toBe(true);
  });
});

describe("member.add", () => {
  test("shares no history unless told", () => {
    expect(addMembers.body.parse({ users: ["bob"] }).history).toBe("none");
  });

  test.each(["some", "ALL", "", true, 1])("refuses the history %j", (history) => {
    expect(adds({ users: ["bob"], history })).toBe(false);
  });
});

describe("member.remove", () => {
  test("names an account or an org, never both and never neither", () => {
    expect(removes({ account: "bob" })).toBe(true);
    expect(removes({ orgId: "sect-1" })).toBe(true);
    expect(removes({ account: "bob", orgId: "sect-1" })).toBe(false);
    expect(removes({})).toBe(false);
  });
});

test.each(["admin", "Owner", "", null, true])("member.role refuses the role %j", (role) => {
  expect(changeRole.body.safeParse({ account: "bob", role }).success).toBe(false);
});

describe.each([
  { request: listMembers, fallback: 200, max: 500 },
  { request: listRooms, fallback: 50, max: 100 },
])("a page of $request.operation", ({ request, fallback, max }) => {
  test(`has ${fallback} rows unless told and at most ${max}`, () => {
    expect(request.body.parse({})).toMatchObject({ limit: fallback });
    expect(request.body.parse({ limit: max })).toMatchObject({ limit: max });
  });

  test.each([0, -1, max + 1, 1.5, "10", null, Number.MAX_SAFE_INTEGER])("refuses the limit %j", (limit) => {
    expect(request.body.safeParse({ limit }).success).toBe(false);
  });
});

test.each([-1, 0.5, "0", 2 ** 53, null])("key.get refuses the version %j", (version) => {
  expect(getKey.body.safeParse({ version }).success).toBe(false);
});

test("members are listed on after the text a page ended with, which has a limit", () => {
  expect(listMembers.body.safeParse({ after: "x".repeat(512) }).success).toBe(true);
  expect(listMembers.body.safeParse({ after: "x".repeat(513) }).success).toBe(false);
  expect(listMembers.body.safeParse({ after: "" }).success).toBe(false);
});

test("rooms are listed on only from where a page ended", () => {
  const lists = (after: string): boolean => listRooms.body.safeParse({ after }).success;

  expect(lists("jHjHNiEuCoJo8Nrzp")).toBe(true);
  expect(lists("zzz")).toBe(false);
  expect(lists("")).toBe(false);
});
