import { execFileSync } from "node:child_process";

import { describe, expect, test } from "vitest";

import { expectedDocuments } from "../docs/documents.ts";
import { ROOT } from "../docs/root.ts";
import { readText, sourceFiles } from "./source-files.ts";

/** Each acceptance rule with each file that has a test of it, as the document says. */
function rulesCited(text: string): string[] {
  const cited: string[] = [];
  let rule: string | undefined;
  for (const line of text.split("\n")) {
    rule = /^- \*\*([RK]\d+)\*\*/.exec(line)?.[1] ?? (line.startsWith(" ") ? rule : undefined);
    const file = /^\s+- `([^`]+\.ts)`: /.exec(line)?.[1];
    if (rule !== undefined && file !== undefined) cited.push(`${rule} ${file}`);
  }
  return cited;
}

/** The acceptance rules that a file's tests are marked with, each mark a comment line of its own. */
const rulesMarked = (text: string): string[] =>
  [...text.matchAll(/^\s*\/\/ ([RK]\d+(?:, [RK]\d+)*)$/gm)].flatMap(([, rules = ""]) => rules.split(", "));

describe("the documents", () => {
  // R100
  test("are as generated from the code; node test/docs/generate.ts brings them up to date", async () => {
    for (const { path, text } of await expectedDocuments()) {
      expect({ path, text: readText(path) }).toEqual({ path, text });
    }
  });

  // A law whose test was renamed or lost is a law that nobody holds. `…` stands for what a test is run with.
  test("name only tests that exist", () => {
    const files = new Map(sourceFiles.map(({ path, text }) => [path, text]));
    const cited = [...readText("docs/invariants.md").matchAll(/^\s*- `([^`]+\.ts)`: (.+)$/gm)];
    const missing = cited.filter(([, path = "", name = ""]) =>
      name.split("…").some((part) => files.get(path)?.includes(part.trim()) !== true),
    );

    expect(cited.length).toBeGreaterThan(0);
    expect(missing.map(([line]) => line)).toEqual([]);
  });

  test("and the tests name the same acceptance rules for each other", () => {
    const cited = rulesCited(readText("docs/invariants.md"));
    const marked = sourceFiles.flatMap(({ path, text }) =>
      rulesMarked(text).map((rule) => `${rule} ${path}`),
    );

    expect(cited.length).toBeGreaterThan(0);
    expect([...new Set(marked)].toSorted()).toEqual([...new Set(cited)].toSorted());
  });

  test("open the first vector with the code of client-api.md", () => {
    const [, example = ""] =
      /^```js\n(import \{ createDecipheriv[\s\S]*?)^```$/m.exec(readText("docs/client-api.md")) ?? [];
    const output = execFileSync(process.execPath, ["--input-type=module", "--eval", example], {
      cwd: ROOT,
      encoding: "utf8",
    });

    expect(output).toBe('{"content":"hello"}\n');
  });
});
