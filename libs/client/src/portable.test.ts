import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { expect, test } from "vitest";

const LIBS = join(import.meta.dirname, "../..");
const IMPORT = /^(?:import|export)\s(?:[^"']*?\sfrom\s)?["']([^"']+)["']/gm;

/** The file of a relative or workspace import; undefined for a package of others. */
function fileOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return join(dirname(from), specifier);
  const [, library, file] = /^@parley\/([^/]+)\/(.+)$/.exec(specifier) ?? [];
  return library === undefined || file === undefined ? undefined : join(LIBS, library, "src", `${file}.ts`);
}

/** Every package that a file and all it imports name. */
function packagesOf(entry: string): ReadonlySet<string> {
  const packages = new Set<string>();
  const files = new Set([entry]);
  for (const file of files) {
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      const next = fileOf(file, specifier);
      if (next === undefined) packages.add(specifier);
      else files.add(next);
    }
  }
  return packages;
}

const onlyInNode = (specifier: string): boolean =>
  specifier.startsWith("node:") || specifier === "@nats-io/transport-node";
const entry = (name: string): ReadonlySet<string> => packagesOf(join(import.meta.dirname, name));

test("nothing that the browser's entry imports needs Node", () => {
  const packages = entry("connect-browser.ts");
  expect(packages).toContain("zod");
  expect([...packages].filter(onlyInNode)).toEqual([]);
});

test("the entry for Node does, so the walk above sees such imports", () => {
  const packages = entry("connect-node.ts");
  expect(packages).toContain("node:crypto");
  expect(packages).toContain("@nats-io/transport-node");
});
