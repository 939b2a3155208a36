import { readFileSync } from "node:fs";

import { directoryLine, type DirectoryLine } from "@parley/contract/directory";

/**
 * Reads a directory file (JSON Lines) for who lives where; the import of a site checks it in full.
 *
 * @throws naming the first line that is no directory entry
 */
export function readDirectoryFile(file: string): readonly DirectoryLine[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .map((text, index) => ({ text, number: index + 1 }))
    .filter(({ text }) => text.trim() !== "")
    .map(({ text, number }) => parseLine(text, `${file}, line ${number}`));
}

function parseLine(text: string, place: string): DirectoryLine {
  const parsed = directoryLine.safeParse(parseJson(text, place));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`${place}: ${problems.join("; ")}`);
  }
  return parsed.data;
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${place}: not JSON`, { cause });
  }
}
