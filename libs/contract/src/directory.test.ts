import { describe, expect, test } from "vitest";

import {
  directoryLine,
  displayNameOf,
  getDirectory,
  orgDisplayNameOf,
  searchDirectory,
  type DirectoryLine,
} from "./directory.ts";

const line = (fields: Partial<DirectoryLine> & { account: string }): DirectoryLine =>
  directoryLine.parse({ kind: "person", homeSite: "alpha", ...fields });

const takes = (fields: object): boolean =>
  directoryLine.safeParse({ account: "ann", kind: "person", homeSite: "alpha", ...fields }).success;

describe("a line of the directory file", () => {
  test("needs account, kind and home, and gets the defaults", () => {
    expect(line({ account: "ann" })).toEqual({
      account: "ann",
      kind: "person",
      homeSite: "alpha",
      enabled: true,
      admin: false,
    });
    expect([{ account: undefined }, { kind: undefined }, { homeSite: undefined }].map(takes)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test.each([
    { colour: "red" },
    { words: ["ann"] },
    { kind: "bot" },
    { account: "a.b" },
    { homeSite: "local" },
    { userId: "short" },
    { enabled: "true" },
    { name: "x".repeat(101) },
    { deptId: "a b" },
    { onBehalfOf: "" },
  ])("refuses %j", (fields) => {
    expect(takes(fields)).toBe(false);
  });

  test("counts a name in code points", () => {
    expect(takes({ name: "\u{1F600}".repeat(100) })).toBe(true);
    expect(takes({ name: "\u{1F600}".repeat(101) })).toBe(false);
  });
});

describe("the name of a person", () => {
  test.each([
    ["both names, joined by a blank", { name: "Ann", altName: "安" }, "Ann 安"],
    ["one, when both are equal", { name: "Ann", altName: "Ann" }, "Ann"],
    ["the first, when the other is missing", { name: "Ann" }, "Ann"],
    ["the other, when the first is missing", { altName: "安" }, "安"],
    ["the other, when the first is empty", { name: "", altName: "安" }, "安"],
    ["the account, when both are missing", {}, "ann"],
    ["the account, when both are empty", { name: "", altName: "" }, "ann"],
  ])("is %s", (_what, names, expected) => {
    expect(displayNameOf({ account: "ann", ...names })).toBe(expected);
  });
});

describe("the name of an org", () => {
  // R23
  test("is the first department name, however early a section name comes", () => {
    const entries = [
      line({ account: "ann", sectId: "x", sectName: "Section" }),
      line({ account: "bob", deptId: "x" }),
      line({ account: "cid", deptId: "x", deptName: "Department", deptAltName: "部" }),
      line({ account: "dan", deptId: "x", deptName: "Later" }),
    ];

    expect(orgDisplayNameOf("x", entries)).toBe("Department 部");
  });

  test("is else the first section name, else the id", () => {
    const entries = [
      line({ account: "ann", sectId: "x" }),
      line({ account: "bob", sectId: "x", sectAltName: "課" }),
    ];

    expect(orgDisplayNameOf("x", entries)).toBe("課");
    expect(orgDisplayNameOf("x", entries.slice(0, 1))).toBe("x");
  });

  test("is not taken from another org", () => {
    expect(
      orgDisplayNameOf("x", [line({ account: "ann", deptId: "y", deptName: "Other", sectId: "x" })]),
    ).toBe("x");
  });
});

describe("a search", () => {
  test("looks for one word, normalised and in lower case", () => {
    expect(searchDirectory.body.parse({ prefix: "ZOE\u0308" })).toEqual({ prefix: "zo\u00EB", limit: 20 });
  });

  test.each(["", " ", "an n", "x".repeat(65)])("refuses the prefix %j", (prefix) => {
    expect(searchDirectory.body.safeParse({ prefix }).success).toBe(false);
  });

  test.each([[[]], [["bot"]], ["person"]])("refuses the kinds %j", (kinds) => {
    expect(searchDirectory.body.safeParse({ prefix: "a", kinds }).success).toBe(false);
  });

  test("has at most 50 rows", () => {
    const limits = [0, 1, 50, 51].map(
      (limit) => searchDirectory.body.safeParse({ prefix: "a", limit }).success,
    );

    expect(limits).toEqual([false, true, true, false]);
  });
});

test("a look-up names at least one account", () => {
  expect(getDirectory.body.safeParse({ accounts: [] }).success).toBe(false);
  expect(getDirectory.body.safeParse({ accounts: ["ann"] }).success).toBe(true);
});
