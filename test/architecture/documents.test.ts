import { existsSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { markdownProblems, type Pages } from "./markdown-problems.ts";
import { filesMatching, readText } from "./source-files.ts";

const root = join(import.meta.dirname, "../..");
const checkout: Pages = { exists: (path) => existsSync(join(root, path)), read: readText };

// A document that leads nowhere is worse than none: its reader trusts it first.
// R100
test("the documents link to what exists, name files that exist, and say the language of their code", () => {
  const pages = [
    "*.md",
    "docs/**/*.md",
    "libs/**/*.md",
    "services/**/*.md",
    "test/**/*.md",
    "deploy/**/*.md",
  ].flatMap(filesMatching);
  const problems = pages.flatMap((page) =>
    markdownProblems(page, checkout).map((problem) => `${page}: ${problem}`),
  );

  expect(problems).toEqual([]);
});

describe("the check of a document", () => {
  const files: Readonly<Record<string, string>> = {
    "docs/other.md": "# Other page\n\n## 1. What `decide` does\n",
    "libs/room/src/decide.ts": "",
  };
  const problemsOf = (text: string): readonly string[] => {
    const all: Readonly<Record<string, string>> = { ...files, "docs/page.md": text };
    return markdownProblems("docs/page.md", {
      exists: (path) => Object.hasOwn(all, path),
      read: (path) => all[path] ?? expect.fail(`${path} was read`),
    });
  };

  test.each([
    "[other](other.md) and [decide](../libs/room/src/decide.ts#L3)",
    "[part](other.md#1-what-decide-does) of [other](./other.md)",
    "# Here\n[up](#here)",
    "[elsewhere](https://example.org/a.md)",
    "`libs/room/src/decide.ts`, `libs/<lib>/src/x.ts`, `libs/*/src/x.ts`",
    "```ts\n[no link](nowhere.md)\n```",
    "~~~~sh\n```\n~~~~",
  ])("finds nothing wrong with %j", (text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  test.each([
    ["[gone](gone.md)", "the link gone.md leads nowhere"],
    ["[gone](../libs/room/src/gone.ts)", "the link ../libs/room/src/gone.ts leads nowhere"],
    ["[part](other.md#gone)", "the link other.md#gone names no heading"],
    ["[up](#gone)", "the link #gone names no heading"],
    ["`libs/room/src/gone.test.ts`", "the file libs/room/src/gone.test.ts does not exist"],
    ["text\n```\ncode\n```", "line 2: a code fence names no language"],
    ["```ts\ncode", "a code fence is not closed"],
  ])("finds what is wrong with %j", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });
});
