import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { containerPid, removeContainer, signalContainer } from "./docker.ts";
import { endingWithParent } from "./ending-with-parent.ts";
import type { Ledger } from "./ledger.ts";
import { processIdentity } from "./process-identity.ts";
import type { CommandLine } from "./server-program.ts";

const READY_POLL_MS = 20;
const STOP_TIMEOUT_MS = 30_000;
const LOG_TAIL_LINES = 25;

/** What every start of a server or process can be told. */
export interface RunOptions {
  /** Standard output and standard error are appended to this file; each starter says where by default. */
  readonly log?: string;
  /** Told of the process the moment it exists. */
  readonly ledger?: Ledger | undefined;
  /** Gives up waiting for it to serve, and ends it. */
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done, a line at a time. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** How to run a program and how to see that it serves. */
interface ProcessPlan extends RunOptions, CommandLine {
  readonly name: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly log: string;
  /** Where anybody can see that it serves: `http://…` or `tcp://host:port`. */
  readonly probe: string;
  /** Whether it serves; it is shown only what this start has written to the log. */
  readonly isReady: (output: string) => boolean | Promise<boolean>;
  readonly readyTimeoutMs: number;
}

/** A program that was started here and that tests may kill, suspend and start again. */
export interface ManagedProcess {
  readonly name: string;
  readonly probe: string;
  /** Of the latest start; of a server in a container, what it has on this machine. */
  readonly pid: number;
  readonly log: string;
  /** Sends a signal; after SIGKILL it returns when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Returns when it is gone, however it ended. */
  untilExit(): Promise<void>;
  /** Asks it to end (also when suspended), ends it by force after 30 s; nothing to do when it is gone. */
  stop(): Promise<void>;
  /** Starts it anew with the same arguments, ending it first when it still runs; returns when it serves. */
  restart(): Promise<void>;
}

/** One start of a plan. */
interface Run {
  /** The program itself, or the client of Docker's that ends when the container does. */
  readonly child: ChildProcess;
  readonly container: string | undefined;
  /** Where this start begins in the log. */
  readonly logStart: number;
}

/**
 * Starts a program and returns when it serves.
 *
 * @throws when it ends early or is not ready in time (it is ended then), with the tail of its log
 */
export async function startProcess(plan: ProcessPlan): Promise<ManagedProcess> {
  let { run, pid } = await launch(plan);
  const stop = () => stopRun(run);
  return {
    name: plan.name,
    probe: plan.probe,
    get pid() {
      return pid;
    },
    log: plan.log,
    async kill(signal) {
      await signalRun(run, signal);
      if (signal === "SIGKILL") {
        await exited(run);
      }
    },
    untilExit: () => exited(run),
    stop,
    async restart() {
      await stop();
      ({ run, pid } = await launch(plan));
    },
  };
}

async function launch(plan: ProcessPlan): Promise<{ run: Run; pid: number }> {
  mkdirSync(dirname(plan.log), { recursive: true });
  const file = openSync(plan.log, "a", 0o600);
  const logStart = statSync(plan.log).size;
  const { command, args } = endingWithParent(plan);
  const child = spawn(command, args, {
    stdio: ["ignore", file, file],
    ...(plan.env === undefined ? {} : { env: plan.env }),
  });
  closeSync(file);
  await once(child, "spawn");
  const run: Run = { child, container: plan.container, logStart };
  try {
    const giveUpAt = performance.now() + plan.readyTimeoutMs;
    // Not given up before it has a pid: a container that is still being made cannot be ended.
    const pid = await poll({ ...plan, run, giveUpAt, signal: undefined }, () => pidOf(run));
    plan.ledger?.record({ ...plan, pid });
    await poll({ ...plan, run, giveUpAt }, async (output) => (await plan.isReady(output)) || undefined);
    return { run, pid };
  } catch (error) {
    await stopRun(run);
    throw error;
  }
}

/** Asks again and again, showing what this start has written, until there is an answer. */
async function poll<T>(
  of: Pick<ProcessPlan, "name" | "log" | "signal" | "readyTimeoutMs"> & { run: Run; giveUpAt: number },
  ask: (output: string) => T | undefined | Promise<T | undefined>,
): Promise<T> {
  for (;;) {
    of.signal?.throwIfAborted();
    // Asked before the log is read, so that the log of a process that ended is complete.
    const ended = hasExited(of.run);
    const output = await readFrom(of.log, of.run.logStart);
    if (ended) {
      throw new Error(`${of.name} ended while starting (${of.log}):\n${tail(output)}`);
    }
    const answer = await ask(output);
    if (answer !== undefined) {
      return answer;
    }
    if (performance.now() > of.giveUpAt) {
      throw new Error(`${of.name} was not ready after ${of.readyTimeoutMs} ms (${of.log}):\n${tail(output)}`);
    }
    await delay(READY_POLL_MS);
  }
}

async function pidOf({ child, container }: Run): Promise<number | undefined> {
  if (container === undefined) {
    assert(child.pid !== undefined, "a process that was started has a pid");
    return child.pid;
  }
  const pid = await containerPid(container);
  // One that ended at once has a pid no more; why it did is in its log.
  return pid === undefined || processIdentity(pid) === undefined ? undefined : pid;
}

async function stopRun(run: Run): Promise<void> {
  if (hasExited(run)) {
    return;
  }
  await signalRun(run, "SIGTERM");
  await signalRun(run, "SIGCONT");
  if (!(await exitsWithin(run, STOP_TIMEOUT_MS))) {
    await endByForce(run);
    await exited(run);
  }
}

async function endByForce({ child, container }: Run): Promise<void> {
  if (container !== undefined) {
    await removeContainer(container);
  }
  child.kill("SIGKILL");
}

async function signalRun(run: Run, signal: NodeJS.Signals): Promise<void> {
  if (run.container === undefined) {
    run.child.kill(signal);
  } else if (!hasExited(run)) {
    await signalContainer(run.container, signal);
  }
}

async function exitsWithin(run: Run, timeoutMs: number): Promise<boolean> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, timeoutMs);
  await Promise.race([exited(run), timeout.promise]);
  clearTimeout(timer);
  return hasExited(run);
}

async function exited(run: Run): Promise<void> {
  if (!hasExited(run)) {
    await once(run.child, "exit");
  }
}

function hasExited({ child }: Run): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function readFrom(file: string, start: number): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), { position: start });
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function tail(output: string): string {
  return output.trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
}
