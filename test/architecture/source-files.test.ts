import { expect, test } from "vitest";

import { importedPath, importsOf, packageNameOf, packages, sourceFiles } from "./source-files.ts";

// The other tests of this folder look for nothing in what these functions find: found nothing, they would all pass.
test("every package of the workspace is found, with its sources", () => {
  expect(packages.map(({ folder }) => folder)).toEqual(
    expect.arrayContaining([
      "libs/contract",
      "libs/room",
      "services/room-service",
      "services/room-worker",
      "test",
    ]),
  );
  for (const { folder, name } of packages) {
    const owned = sourceFiles.filter((file) => file.package.folder === folder && file.imports.length > 0);
    expect(owned.length, `files of ${name}`).toBeGreaterThan(0);
  }
  expect(sourceFiles.filter(({ path }) => path.includes("node_modules"))).toEqual([]);
});

test("imports are found in every form they are written in", () => {
  const text = `
import { a } from "@parley/contract/ids";
import type { B } from "./b.ts";
import c, {
  d,
  type E,
} from "node:fs";
import "./effect.ts";
export { f } from "vitest";
export type { G } from "./g.ts";
const lazy = () => import("node:path");
const text = "import from nowhere";
`;

  expect(importsOf(text)).toEqual([
    { specifier: "@parley/contract/ids", typeOnly: false },
    { specifier: "./b.ts", typeOnly: true },
    { specifier: "node:fs", typeOnly: false },
    { specifier: "vitest", typeOnly: false },
    { specifier: "./g.ts", typeOnly: true },
    { specifier: "./effect.ts", typeOnly: false },
    { specifier: "node:path", typeOnly: false },
  ]);
});

test("an import leads to its package and its file", () => {
  expect(packageNameOf("@parley/room/state")).toBe("@parley/room");
  expect(packageNameOf("zod")).toBe("zod");
  expect(packageNameOf("node:fs/promises")).toBeUndefined();
  expect(importedPath("libs/room/src/decide.ts", "@parley/contract/ids")).toBe("libs/contract/src/ids.ts");
  expect(importedPath("libs/room/src/rules/rekey.ts", "../state.ts")).toBe("libs/room/src/state.ts");
  expect(importedPath("libs/room/src/rules/rekey.ts", "zod")).toBeUndefined();
});
