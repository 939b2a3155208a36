import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/**
 * What tells a process from a later one that was given the same pid: when it started. `undefined` when no such
 * process is running (one that ended and was not yet collected by its parent runs no more).
 */
export function processIdentity(pid: number): string | undefined {
  return existsSync("/proc/self/stat") ? fromProc(pid) : fromPs(pid);
}

/** proc(5): after the name in brackets, the state is field 3 and the start, in ticks since boot, field 22. */
function fromProc(pid: number): string | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return isEnded(fields[0]) ? undefined : fields[22 - 3];
}

/** `undefined` when there is no such process, or none any more once its file was opened. */
function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) {
      return undefined;
    }
    throw error;
  }
}

/** Systems without procfs. */
function fromPs(pid: number): string | undefined {
  const list = execFileSync("ps", ["-A", "-o", "pid=,stat=,lstart="], { encoding: "utf8" });
  const row = list
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .find(([listed]) => listed === String(pid));
  return row === undefined || isEnded(row[1]) ? undefined : row.slice(2).join(" ");
}

function isEnded(state: string | undefined): boolean {
  return state === undefined || state.startsWith("Z") || state.startsWith("X");
}
