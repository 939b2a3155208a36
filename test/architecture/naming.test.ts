import { posix } from "node:path";

import { describe, expect, test } from "vitest";

import { filesMatching, packages, sourceFiles } from "./source-files.ts";

/** An adapter names its technology, a test its level (STYLE 4); `file` is the client's store on a disk. */
const FILE_NAME =
  /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:memory|mongo|valkey|nats|file))?(?:\.(?:test|int\.test|system\.test|contract))?\.ts$/;

/** Names that say nothing: whatever finds no other place ends up there, and the file never gets a limit. */
const EMPTY_WORDS = new Set([
  "util",
  "utils",
  "helper",
  "helpers",
  "common",
  "shared",
  "base",
  "manager",
  "misc",
]);

const paths = sourceFiles.map(({ path }) => path);
const wordsOf = (path: string): string[] => posix.basename(path).split(/[-.]/);

describe("a file", () => {
  test("is named in kebab-case, with a suffix of the closed list", () => {
    expect(paths.filter((path) => !FILE_NAME.test(posix.basename(path)))).toEqual([]);
  });

  test("is named after what it exports, never after nothing", () => {
    expect(
      paths.filter(
        (path) => posix.basename(path) === "index.ts" || wordsOf(path).some((word) => EMPTY_WORDS.has(word)),
      ),
    ).toEqual([]);
  });

  test("lies in a folder named in kebab-case", () => {
    const folders = new Set(paths.flatMap((path) => posix.dirname(path).split("/")));

    expect([...folders].filter((folder) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(folder))).toEqual([]);
  });

  // A default export has another name wherever it is imported; a search for the word misses it.
  test("exports by name, unless a tool demands otherwise", () => {
    const wrong = sourceFiles
      .filter(({ path }) => !path.endsWith(".config.ts") && !path.startsWith("test/setup/"))
      .filter(({ text }) => /^export default\b|\bas default\b/m.test(text));

    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

// A reader who knows one process finds his way in every other.
describe("a process", () => {
  const services = packages.filter(({ folder }) => folder.startsWith("services/"));

  test.each(services.map(({ folder }) => folder))("%s has the files that every process has", (folder) => {
    const files = new Set(filesMatching(`${folder}/src/*.ts`).map((path) => posix.basename(path)));

    expect(["main.ts", "config.ts", "service.ts"].filter((file) => !files.has(file))).toEqual([]);
  });

  test.each(services)(
    "$folder is named like its package and offers nothing to import",
    ({ folder, name, exports }) => {
      expect(name).toBe(`@parley/${posix.basename(folder)}`);
      expect(exports).toEqual({});
    },
  );
});
