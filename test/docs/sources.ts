import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "../..");

/** A file of this repository, its path from the root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const SKIPPED = new Set(["node_modules", ".local", ".git"]);

function pathsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : pathsBelow(path);
    return [path];
  });
}

/** The files below these folders of the repository whose name ends so, by path. */
export const filesBelow = (folders: readonly string[], ending: string): SourceFile[] =>
  folders
    .flatMap((folder) => pathsBelow(join(ROOT, folder)))
    .filter((path) => path.endsWith(ending))
    .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, "utf8") }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));

const isTest = ({ path }: SourceFile): boolean =>
  path.endsWith(".test.ts") || path.endsWith(".contract.ts") || path.includes("/test/");

/** What runs in production: libraries and processes without their tests. */
export const productFiles = (): SourceFile[] =>
  filesBelow(["libs", "services"], ".ts").filter((file) => !isTest(file));

/** Every file that holds tests. */
export const testFiles = (): SourceFile[] => filesBelow(["libs", "services", "test"], ".ts").filter(isTest);
