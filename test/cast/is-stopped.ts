import { readFileSync } from "node:fs";

/** Whether the process is suspended, as the kernel shows it (proc_pid_stat(5), field 3). */
export const isStopped = (pid: number): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
