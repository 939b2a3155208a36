import { describe, expect, test } from "vitest";

import { importedPath, packageNameOf, productFiles, sourceFiles, type SourceFile } from "./source-files.ts";

/** What a pure library may import beside lower layers. Assertions are for our own mistakes and touch nothing. */
const PURE: Readonly<Record<string, readonly string[]>> = {
  "@parley/contract": ["zod", "@noble/hashes"],
  "@parley/room": ["@parley/contract", "@noble/hashes"],
  "@parley/room-crypto": ["@noble/hashes", "@noble/curves", "@noble/ciphers"],
  "@parley/concurrency": ["node:assert"],
};

/** The fast suite, proven equal to the portable one, which stands beside it. */
const NODE_SUITE = "libs/room-crypto/src/node-suite.ts";

const CLOCK_OR_CHANCE = /\b(?:Date\.now|performance\.now|Math\.random|new Date\(\)|setTimeout|setInterval)\b/;
const HOST = /\b(?:process\.[a-z]|Buffer\b|fetch\(|WebSocket\b|require\()/;

const codeOf = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(?<=^|\s)\/\/.*$/gm, "");
const filesOf = (name: string): readonly SourceFile[] =>
  productFiles.filter((file) => file.package.name === name && file.path !== NODE_SUITE);

// Every rule is decided here. Without clock, chance and I/O a decision can be replayed, and its tests need no server.
describe.each(Object.entries(PURE))("%s is pure:", (name, allowed) => {
  test("it imports only other pure code", () => {
    const wrong = filesOf(name).flatMap(({ path, imports }) =>
      imports
        .map(({ specifier }) => specifier)
        .filter((specifier) => !specifier.startsWith("."))
        .filter((specifier) => {
          const from = packageNameOf(specifier) ?? specifier.split("/")[0] ?? specifier;
          return !allowed.includes(from);
        })
        .map((specifier) => `${path} imports ${specifier}`),
    );

    expect(wrong).toEqual([]);
  });

  test("it runs wherever JavaScript does", () => {
    expect(
      filesOf(name)
        .filter(({ text }) => HOST.test(codeOf(text)))
        .map(({ path }) => path),
    ).toEqual([]);
  });
});

test.each(["@parley/room", "@parley/room-crypto"])("%s reads no clock and draws no lots", (name) => {
  expect(
    filesOf(name)
      .filter(({ text }) => CLOCK_OR_CHANCE.test(codeOf(text)))
      .map(({ path }) => path),
  ).toEqual([]);
});

/** A file and everything that is loaded with it. */
function loadedWith(entry: string): readonly SourceFile[] {
  const found = new Map<string, SourceFile>();
  const visit = (path: string): void => {
    const file = sourceFiles.find((each) => each.path === path);
    if (!file || found.has(path)) return;
    found.set(path, file);
    for (const { specifier, typeOnly } of file.imports) {
      const imported = typeOnly ? undefined : importedPath(path, specifier);
      if (imported !== undefined) visit(imported);
    }
  };
  visit(entry);
  return [...found.values()];
}

describe("what a browser loads of the client", () => {
  const loaded = loadedWith("libs/client/src/connect-browser.ts");

  test("is the client with the contract and the portable suite", () => {
    expect(loaded.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        "libs/client/src/connect.ts",
        "libs/contract/src/tokens.ts",
        "libs/room-crypto/src/portable-suite.ts",
      ]),
    );
  });

  test("has nothing that only Node has", () => {
    const wrong = loaded.flatMap(({ path, imports }) =>
      imports
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ specifier }) => specifier)
        .filter((specifier) => specifier.startsWith("node:") || specifier === "@nats-io/transport-node")
        .map((specifier) => `${path} imports ${specifier}`),
    );

    expect(wrong).toEqual([]);
    expect(loaded.filter(({ text }) => HOST.test(codeOf(text))).map(({ path }) => path)).toEqual([]);
  });
});
