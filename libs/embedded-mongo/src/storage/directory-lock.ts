import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

/**
 * Claims a data directory for this process by a file that names it; a process that is gone does not count. Returns
 * the function that gives the claim up.
 *
 * @throws Error when a living process holds it.
 */
export function lockDirectory(directory: string): () => void {
  const path = resolve(directory, "lock");
  if (!tryCreate(path)) {
    const holder = readFileSync(path, "utf8");
    if (isAlive(holder))
      throw new Error(`the data directory is in use by process ${holder}; the claim is in ${path}`);
    rmSync(path, { force: true });
    if (!tryCreate(path)) throw new Error("another server is just claiming the data directory");
  }
  return () => {
    rmSync(path, { force: true });
  };
}

function tryCreate(path: string): boolean {
  try {
    writeFileSync(path, identityOf(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** A process id comes back, in containers at every start; together with the moment of the start it does not. */
function identityOf(pid: number): string {
  return `${pid} ${startOf(pid)}`;
}

/** When a process started, in the kernel's clock ticks (field 22 of proc(5)); empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "";
    return afterName.split(" ")[19] ?? "";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(" ")[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || identityOf(pid) !== holder) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error ? Reflect.get(error, "code") : undefined);
