import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { readDirectoryFile } from "./directory-file.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "directory-file-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function fileOf(...lines: string[]): string {
  const file = join(dir, "directory.jsonl");
  writeFileSync(file, lines.join("\n"));
  return file;
}

const ann = '{"account":"ann","kind":"person","homeSite":"alpha"}';

test("tells who lives where", () => {
  const file = fileOf(ann, '{"account":"helper","kind":"agent","homeSite":"beta"}', "");

  expect(readDirectoryFile(file)).toMatchObject([
    { account: "ann", homeSite: "alpha" },
    { account: "helper", homeSite: "beta" },
  ]);
});

test.each([
  ["that is not JSON", "{", /line 2: not JSON/],
  ["with an unknown field", '{"account":"bob","kind":"person","homeSite":"alpha","age":3}', /line 2: .*age/],
  ["with a bad account", '{"account":"b.b","kind":"person","homeSite":"alpha"}', /line 2: account: /],
])("names the line %s", (_what, line, problem) => {
  expect(() => readDirectoryFile(fileOf(ann, line))).toThrow(problem);
});
