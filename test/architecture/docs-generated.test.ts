import { execFileSync } from "node:child_process";

import { describe, expect, test } from "vitest";

import { expectedDocuments } from "../docs/documents.ts";
import { ROOT } from "../docs/root.ts";
import { readText, sourceFiles } from "./source-files.ts";

describe("the documents", () => {
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
