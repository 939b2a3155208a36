import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import type { ProcessName } from "@parley/contract/processes";

/** A process of a site, as the operating system runs it. */
export interface SpawnedProcess extends AsyncDisposable {
  readonly pid: number;
  /** What it wrote so far, both outputs. */
  output(): string;
  /** Its exit code or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

const mainOf = (name: ProcessName): string =>
  join(import.meta.dirname, "../../../services", name, "src/main.ts");

/** Starts a process with nothing but this environment. */
export function startProcess(
  name: ProcessName,
  environment: Readonly<Record<string, string>>,
): SpawnedProcess & { readonly ready: Promise<void> } {
  const child = spawn(process.execPath, [mainOf(name)], {
    env: { HEALTH_ADDR: "127.0.0.1:0", ...environment },
  });
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  let output = "";
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    if (output.includes('"event":"ready"')) resolve();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  return {
    pid: child.pid ?? 0,
    output: () => output,
    ended,
    ready,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Starts a process and resolves once it says that it is ready. Throws with its output when it ends before. */
export async function spawnProcess(
  name: ProcessName,
  environment: Readonly<Record<string, string>>,
): Promise<SpawnedProcess> {
  const started = startProcess(name, environment);
  const endedEarly = await Promise.race([started.ready, started.ended]);
  if (endedEarly !== undefined)
    throw new Error(`${name} ended with ${endedEarly} before it was ready:\n${started.output()}`);
  return started;
}
