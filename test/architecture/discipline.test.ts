import { expect, test } from "vitest";

import { productFiles, sourceFiles, type SourceFile } from "./source-files.ts";

const self = "test/architecture/discipline.test.ts";
const matching = (pattern: RegExp, files: readonly SourceFile[] = sourceFiles): readonly string[] =>
  files
    .filter(({ path }) => path !== self)
    .flatMap(({ path, text }) =>
      text
        .split("\n")
        .map((line, index) => ({ line, place: `${path}:${index + 1}` }))
        .filter(({ line }) => pattern.test(line))
        .map(({ place }) => place),
    );

// A skipped test is a rule nobody holds, and a focused one skips all the others.
// R101
test("no test is skipped, focused, expected to fail or left for later", () => {
  expect(
    matching(
      /\b(?:describe|suite|it|test|bench)(?:\.\w+)*\.(?:skip|only|todo|fails|skipIf|runIf)\b|\bx(?:it|describe)\(/,
    ),
  ).toEqual([]);
  expect(matching(/\b(?:context|ctx|task)\.skip\(/)).toEqual([]);
});

test("a check is switched off only with a reason", () => {
  expect(matching(/(?:oxlint|eslint)-disable(?!.* -- \S)/)).toEqual([]);
  expect(matching(/@ts-expect-error(?! -- \S)/)).toEqual([]);
  expect(matching(/@ts-(?:ignore|nocheck)/)).toEqual([]);
});

test("nothing is left to be done later in a comment", () => {
  expect(matching(/(?:\/\/|\*)\s*(?:@?TODO|FIXME|XXX|HACK)\b/i)).toEqual([]);
});

// An error caught and dropped is the one that nobody will ever find. A test may mark a promise whose end it awaits later.
test("no error is swallowed", () => {
  expect(matching(/\bcatch\s*(?:\([^)]*\)\s*)?\{\s*\}/)).toEqual([]);
  expect(matching(/\.catch\(\s*\(\s*\)\s*=>\s*(?:\{\s*\}|undefined|null)\s*\)/, productFiles)).toEqual([]);
});
