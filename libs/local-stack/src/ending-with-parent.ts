import { spawnSync } from "node:child_process";

import type { CommandLine } from "./server-program.ts";

/** Of util-linux. */
const SETPRIV = "setpriv";

let supported: boolean | undefined;

/**
 * The same command under a wish to the kernel: when the process that starts it dies, in whatever way, it ends too. A
 * test run that is killed then leaves no servers behind. setpriv makes the wish and becomes the program, so
 * the pid is the program's own; where there is none, as outside of Linux, the command stays as it is.
 */
export function endingWithParent({ command, args, container }: CommandLine): CommandLine {
  supported ??= canEndWithParent();
  if (!supported) {
    return { command, args };
  }
  // Docker's client hands a signal on to its container, but only one that it can catch; a program may be suspended.
  const signal = container === undefined ? "KILL" : "TERM";
  return { command: SETPRIV, args: ["--pdeathsig", signal, "--", command, ...args] };
}

/** Whether there is a setpriv that knows of dying parents. */
export function canEndWithParent(): boolean {
  return spawnSync(SETPRIV, ["--pdeathsig", "KILL", "--", "true"]).status === 0;
}
