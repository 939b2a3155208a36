import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { committedVectors } from "./committed-vectors.ts";
import { contentVectors } from "./content-vectors.ts";
import { idVectors } from "./id-vectors.ts";
import { rosterVectors } from "./roster-vectors.ts";
import { sealVectors } from "./seal-vectors.ts";
import { wrapVectors } from "./wrap-vectors.ts";

/** The vector files by name. Their inputs are fixed, so generating them again changes nothing. */
export const vectorFiles = (): Readonly<Record<string, string>> => ({
  "ids.json": format(idVectors()),
  "roster.json": format(rosterVectors()),
  "seal.json": format(sealVectors()),
  "seal-committed.json": format(committedVectors()),
  "wrap.json": format(wrapVectors()),
  "content.json": format(contentVectors()),
});

const format = (vectors: readonly unknown[]): string => `${JSON.stringify(vectors, undefined, 2)}\n`;

if (import.meta.main) {
  for (const [name, text] of Object.entries(vectorFiles()))
    writeFileSync(join(import.meta.dirname, name), text);
}
