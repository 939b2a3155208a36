import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { DirectoryLine } from "@parley/contract/directory";
import { inCheckout } from "@parley/local-stack/checkout";

type Line = Pick<DirectoryLine, "account"> & Partial<DirectoryLine>;

/** Writes a directory file for a test and returns its path; people of site alpha unless a line says otherwise. */
export function directoryFile(name: string, lines: readonly Line[]): string {
  const dir = inCheckout(".local/test-directories");
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name}.jsonl`);
  const texts = lines.map((line) => JSON.stringify({ kind: "person", homeSite: "alpha", ...line }));
  writeFileSync(file, `${texts.join("\n")}\n`);
  return file;
}

/** Accounts `p0`, `p1` … */
export const people = (count: number): readonly Line[] =>
  Array.from({ length: count }, (_, index) => ({ account: `p${index}` }));
