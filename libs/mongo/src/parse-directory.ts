import { DIRECTORY_LINE_BYTES_MAX, type DirectoryEntry, directoryLine } from "@parley/contract/directory";
import { userIdOf } from "@parley/contract/ids";

/** An entry and the line (from 1) of the file that says it. */
export interface NumberedLine {
  readonly line: number;
  readonly entry: DirectoryEntry;
}

/** What is wrong with a line (from 1), as a sentence for whoever wrote the file. */
export interface DirectoryFault {
  readonly line: number;
  readonly problem: string;
}

export interface ParsedDirectory {
  readonly lines: readonly NumberedLine[];
  readonly faults: readonly DirectoryFault[];
}

const encoder = new TextEncoder();

/**
 * Reads a directory file: JSON Lines, empty lines ignored (SPEC-rooms 2). Faults are those the file shows by itself;
 * whether the lines fit what is stored says `checkDirectory`.
 */
export function parseDirectory(text: string): ParsedDirectory {
  const read = text
    .split("\n")
    .map((line, index) => ({ line: index + 1, text: line.trim() }))
    .filter((line) => line.text !== "")
    .map(({ line, text: json }) => ({ line, outcome: readLine(json) }));
  const lines = read.flatMap(({ line, outcome }) => ("entry" in outcome ? [{ line, ...outcome }] : []));
  const faults = read.flatMap(({ line, outcome }) => ("problem" in outcome ? [{ line, ...outcome }] : []));
  return {
    lines,
    faults: [...faults, ...repeated(lines, "account"), ...repeated(lines, "userId")].toSorted(byLine),
  };
}

export const byLine = (a: DirectoryFault, b: DirectoryFault): number => a.line - b.line;

function readLine(text: string): { entry: DirectoryEntry } | { problem: string } {
  const bytes = encoder.encode(text).length;
  if (bytes > DIRECTORY_LINE_BYTES_MAX) return { problem: `longer than ${DIRECTORY_LINE_BYTES_MAX} bytes` };
  const json = jsonOf(text);
  if (json === undefined) return { problem: "not a JSON object" };
  const parsed = directoryLine.safeParse(json);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(": "));
    return { problem: issues.join("; ") };
  }
  const line = parsed.data;
  return { entry: { ...line, userId: line.userId ?? userIdOf(line.account), words: wordsOf(line) } };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const NAME_FIELDS = ["name", "altName", "sectName", "sectAltName", "deptName", "deptAltName"] as const;

/** What a search finds an entry by: account, names and org ids, lower-cased, split at blanks, each once. */
function wordsOf(line: Omit<DirectoryEntry, "userId" | "words">): string[] {
  const texts = [line.account, ...NAME_FIELDS.map((field) => line[field]), line.sectId, line.deptId];
  return [...new Set(texts.flatMap((text) => searchWords(text ?? "")))];
}

/** A text as the search sees it: NFC, lower case, split at blanks. */
export const searchWords = (text: string): string[] =>
  text
    .normalize("NFC")
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== "");

function repeated(lines: readonly NumberedLine[], field: "account" | "userId"): DirectoryFault[] {
  const seen = new Map<string, number>();
  return lines.flatMap(({ line, entry }) => {
    const first = seen.get(entry[field]);
    if (first !== undefined) return [{ line, problem: `${field} "${entry[field]}" is on line ${first} too` }];
    seen.set(entry[field], line);
    return [];
  });
}
