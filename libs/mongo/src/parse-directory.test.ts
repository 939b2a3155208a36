import { userIdOf } from "@parley/contract/ids";
import { describe, expect, test } from "vitest";

import { parseDirectory } from "./parse-directory.ts";

const person = (account: string, fields: object = {}): string =>
  JSON.stringify({ account, kind: "person", homeSite: "alpha", ...fields });
const problemOf = (line: string): string | undefined => parseDirectory(line).faults[0]?.problem;

describe("parseDirectory", () => {
  test("fills in what a line leaves out", () => {
    const { lines, faults } = parseDirectory(person("ann"));
    expect(faults).toEqual([]);
    expect(lines).toEqual([
      {
        line: 1,
        entry: {
          account: "ann",
          kind: "person",
          homeSite: "alpha",
          userId: userIdOf("ann"),
          enabled: true,
          admin: false,
          words: ["ann"],
        },
      },
    ]);
  });

  test("keeps the line numbers of the file, empty lines and line ends of any kind included", () => {
    const { lines } = parseDirectory(`\n${person("ann")}\r\n\n${person("bob")}\n`);
    expect(lines.map(({ line, entry }) => [line, entry.account])).toEqual([
      [2, "ann"],
      [4, "bob"],
    ]);
  });

  test("derives search words from account, names and org ids, lower-cased and composed, each once", () => {
    const line = person("Ann", {
      name: "Ann  E\u0301LODIE",
      altName: "安",
      sectId: "Eng",
      sectName: "Engine Room",
      deptId: "Tech",
      deptName: "engine",
    });
    expect(parseDirectory(line).lines[0]?.entry.words).toEqual([
      "ann",
      "\u00e9lodie",
      "安",
      "engine",
      "room",
      "eng",
      "tech",
    ]);
  });

  test.each([
    ["no JSON", "{", "not a JSON object"],
    ["a bad token", person("a.b"), "account: must be an account"],
    ["a missing field", `{"account":"ann","kind":"person"}`, "homeSite"],
    ["an unknown field", person("ann", { words: ["x"] }), "words"],
    ["a name over 100 characters", person("ann", { name: "é".repeat(101) }), "at most 100 characters"],
    ["a line over 8 KiB", person("ann", { name: "x".repeat(8192) }), "longer than 8192 bytes"],
    ["a value that is no object", `"ann"`, "expected object"],
  ])("names the line of %s", (_, line, problem) => {
    const { faults } = parseDirectory(`${person("zoe")}\n${line}`);
    expect(faults).toEqual([{ line: 2, problem: expect.stringContaining(problem) }]);
  });

  test("takes a name of exactly 100 characters", () => {
    expect(problemOf(person("ann", { name: "é".repeat(100) }))).toBeUndefined();
  });

  test("names the second of two lines for one account or one user id", () => {
    const text = [person("ann"), person("bob", { userId: userIdOf("ann") }), person("ann")].join("\n");
    expect(parseDirectory(text).faults).toEqual([
      { line: 2, problem: `userId "${userIdOf("ann")}" is on line 1 too` },
      { line: 3, problem: 'account "ann" is on line 1 too' },
      { line: 3, problem: `userId "${userIdOf("ann")}" is on line 1 too` },
    ]);
  });
});
