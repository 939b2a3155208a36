import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

const root = join(import.meta.dirname, "../..");

/** The text of a file of the checkout. `path` counts from its root, with slashes. */
export const readText = (path: string): string => readFileSync(join(root, path), "utf8");

/** Paths of the checkout's own files that match, from its root, with slashes. */
export const filesMatching = (pattern: string): readonly string[] =>
  globSync(pattern, { cwd: root, exclude: ["**/node_modules/**", ".local/**"] })
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted();

export interface Import {
  /** As it is written: `./a.ts`, `node:fs`, `@parley/room/state`. */
  readonly specifier: string;
  /** `import type`: nothing of it is left when the file runs. */
  readonly typeOnly: boolean;
}

/** A package of the workspace as its `package.json` describes it. */
export interface Package {
  /** `libs/room`. */
  readonly folder: string;
  readonly name: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly package: Package;
  readonly imports: readonly Import[];
  /** Tests, contract suites and what serves them alone: none of it runs in production. */
  readonly isTest: boolean;
}

interface Manifest {
  readonly name: string;
  readonly exports?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

export const packages: readonly Package[] = ["libs/*", "services/*", "test"]
  .flatMap((pattern) => filesMatching(`${pattern}/package.json`))
  .map((path) => {
    const manifest: Manifest = JSON.parse(readText(path));
    return {
      folder: posix.dirname(path),
      name: manifest.name,
      exports: manifest.exports ?? {},
      dependencies: Object.keys(manifest.dependencies ?? {}),
      devDependencies: Object.keys(manifest.devDependencies ?? {}),
    };
  });

const IMPORTS = [
  /^[ \t]*(?:import|export)(?<typeOnly>[ \t]+type\b)?[^"';]*?\bfrom[ \t]+"(?<specifier>[^"]+)"/gm,
  /^[ \t]*import[ \t]+"(?<specifier>[^"]+)"/gm,
  /\bimport\(\s*"(?<specifier>[^"]+)"\s*\)/g,
];

/** What a file imports, read from its text: the formatter leaves one way to write each kind. */
export const importsOf = (text: string): readonly Import[] =>
  IMPORTS.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ groups }) => ({
      specifier: groups?.["specifier"] ?? "",
      typeOnly: groups?.["typeOnly"] !== undefined,
    })),
  );

/** The suite that a real server and the embedded one must both pass lies beside the code it describes. */
const EMBEDDED_SUITE = "libs/embedded-mongo/src/behaviour/";

const isTest = (path: string): boolean =>
  /\.(?:test|contract)\.ts$/.test(path) || /(?:^|\/)test\//.test(path) || path.startsWith(EMBEDDED_SUITE);

export const sourceFiles: readonly SourceFile[] = packages.flatMap((owner) =>
  filesMatching(`${owner.folder}/**/*.ts`).map((path) => {
    const text = readText(path);
    return { path, text, package: owner, imports: importsOf(text), isTest: isTest(path) };
  }),
);

/** What runs in production. */
export const productFiles = sourceFiles.filter((file) => !file.isTest);

/** The package an import names: `@parley/room/state` → `@parley/room`; `undefined` for files and Node's own modules. */
export function packageNameOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The checkout's file behind an import; `undefined` for what comes from elsewhere or is not offered. */
export function importedPath(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  const owner = packages.find(({ name }) => name === packageNameOf(specifier));
  if (!owner) return undefined;
  const path = specifier.slice(owner.name.length + 1);
  const offered = owner.exports[`./${path}`] ?? owner.exports["./*"]?.replace("*", path);
  return offered && posix.join(owner.folder, offered);
}
