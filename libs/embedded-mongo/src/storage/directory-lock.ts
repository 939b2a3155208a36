import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const heldHere = new Set<string>();

/**
 * Claims a data directory for this process by a file with its id; the id of a process that is gone does not count. Returns
 * the function that gives the claim up.
 *
 * @throws Error when a living process holds it.
 */
export function lockDirectory(directory: string): () => void {
  const path = resolve(directory, "lock");
  if (heldHere.has(path)) throw new Error("the data directory is in use by this process");
  if (!tryCreate(path)) {
    const holder = Number(readFileSync(path, "utf8"));
    if (isAlive(holder))
      throw new Error(`the data directory is in use by process ${holder}; remove ${path} if that is wrong`);
    rmSync(path, { force: true });
    if (!tryCreate(path)) throw new Error("another server is just claiming the data directory");
  }
  heldHere.add(path);
  return () => {
    heldHere.delete(path);
    rmSync(path, { force: true });
  };
}

function tryCreate(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** An id equal to our own is left over from an earlier run in a container, where ids repeat. */
function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error ? Reflect.get(error, "code") : undefined);
