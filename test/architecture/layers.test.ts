import { posix } from "node:path";

import { describe, expect, test } from "vitest";

import {
  filesMatching,
  importedPath,
  packageNameOf,
  packages,
  productFiles,
  sourceFiles,
} from "./source-files.ts";

/**
 * Dependencies point down only, and equals never import each other (DESIGN 7): a process can be understood, tested and
 * replaced without the others, and nothing below knows what it is used for.
 */
const LAYERS = [
  // The embedded server knows nothing of Parley; it is started as a program and read by tests alone.
  ["@parley/contract", "@parley/embedded-mongo"],
  ["@parley/room", "@parley/room-crypto", "@parley/concurrency"],
  ["@parley/messaging", "@parley/mongo", "@parley/valkey", "@parley/lifecycle", "@parley/telemetry"],
  // Beneath the other capabilities: the command of room-keys looks after every record under a key-encryption key.
  ["@parley/content-keys"],
  ["@parley/room-log", "@parley/room-keys", "@parley/site", "@parley/client", "@parley/local-stack"],
  [
    "@parley/room-service",
    "@parley/room-worker",
    "@parley/inbox-worker",
    "@parley/message-service",
    "@parley/broadcast-worker",
  ],
  ["@parley/tests"],
];

const layerOf = (name: string): number => LAYERS.findIndex((layer) => layer.includes(name));
const isOurs = (name: string): boolean => name.startsWith("@parley/");

/** Every import of a file with its sentence for the failed test. */
const importsIn = (files: typeof sourceFiles) =>
  files.flatMap((file) =>
    file.imports.map(({ specifier }) => ({ file, specifier, told: `${file.path} imports ${specifier}` })),
  );

describe("the layers", () => {
  test("hold every package of the workspace", () => {
    expect(LAYERS.flat().toSorted()).toEqual(packages.map(({ name }) => name).toSorted());
  });

  test("are imported from above only", () => {
    const wrong = importsIn(sourceFiles).filter(({ file, specifier }) => {
      const name = packageNameOf(specifier);
      if (name === undefined || !isOurs(name) || name === file.package.name) return false;
      return layerOf(name) >= layerOf(file.package.name);
    });

    expect(wrong.map(({ told }) => told)).toEqual([]);
  });

  test("keep the embedded server out of the product", () => {
    const users = importsIn(productFiles).filter(
      ({ file, specifier }) =>
        packageNameOf(specifier) === "@parley/embedded-mongo" &&
        file.package.name !== "@parley/embedded-mongo",
    );

    expect(users.map(({ told }) => told)).toEqual([]);
  });
});

describe("the boundary of a package", () => {
  test("is never crossed by a relative import: what others may use stands in `exports`", () => {
    const wrong = importsIn(sourceFiles).filter(({ file, specifier }) => {
      const path = specifier.startsWith(".") ? importedPath(file.path, specifier) : undefined;
      return path !== undefined && !path.startsWith(`${file.package.folder}/`);
    });

    expect(wrong.map(({ told }) => told)).toEqual([]);
  });

  test("is not left to come back in: a product file imports its own package's files relatively", () => {
    const wrong = importsIn(productFiles).filter(
      ({ file, specifier }) => packageNameOf(specifier) === file.package.name,
    );

    expect(wrong.map(({ told }) => told)).toEqual([]);
  });

  // An image installs what `dependencies` name and nothing else: what works here by hoisting would fail there.
  test("is crossed only where package.json says so", () => {
    const wrong = importsIn(sourceFiles).filter(({ file, specifier }) => {
      const name = packageNameOf(specifier);
      if (name === undefined || name === file.package.name) return false;
      if (file.package.dependencies.includes(name)) return false;
      return !(file.isTest && (name === "vitest" || file.package.devDependencies.includes(name)));
    });

    expect(wrong.filter(({ file }) => !file.path.endsWith(".config.ts")).map(({ told }) => told)).toEqual([]);
  });

  // A file that nobody imports can still be changed freely; one more that is offered cannot.
  test("opens exactly the files that other packages use", () => {
    const unused = packages.flatMap(({ name, folder, exports }) =>
      Object.keys(exports)
        .filter((entry) => !entry.includes("*"))
        .map((entry) => posix.join(name, entry))
        .filter((specifier) =>
          sourceFiles.every(
            (file) => file.package.folder === folder || !file.text.includes(`"${specifier}"`),
          ),
        ),
    );

    expect(unused).toEqual([]);
  });

  test("opens only files that exist", () => {
    const missing = packages.flatMap(({ folder, exports }) =>
      Object.values(exports)
        .map((path) => posix.join(folder, path))
        .filter((path) => filesMatching(path).length === 0),
    );

    expect(missing).toEqual([]);
  });

  test("has no dependency in both lists", () => {
    const twice = packages.flatMap(({ name, dependencies, devDependencies }) =>
      dependencies
        .filter((each) => devDependencies.includes(each))
        .map((each) => `${name} names ${each} twice`),
    );

    expect(twice).toEqual([]);
  });
});
