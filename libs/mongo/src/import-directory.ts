import type { DirectoryStore, ImportOutcome } from "./directory-store.ts";
import { parseDirectory } from "./parse-directory.ts";

/**
 * Imports a directory file: all of it or, with one fault in it, nothing. Repeating it changes nothing.
 *
 * @throws Failure `store_unavailable`; a repeat then completes what was begun
 */
export async function importDirectory(
  directory: Pick<DirectoryStore, "importLines">,
  text: string,
): Promise<ImportOutcome> {
  const { lines, faults } = parseDirectory(text);
  return faults.length > 0 ? { status: "refused", faults } : directory.importLines(lines);
}
