import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { Ledger } from "./ledger.ts";

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
}

/** How to run a program and how to see that it serves. */
interface ProcessPlan extends RunOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
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
  /** Of the latest start. */
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

/**
 * Starts a program and returns when it serves.
 *
 * @throws when it ends early or is not ready in time (it is ended then), with the tail of its log
 */
export async function startProcess(plan: ProcessPlan): Promise<ManagedProcess> {
  let child = await launch(plan);
  const stop = () => stopChild(child);
  return {
    name: plan.name,
    probe: plan.probe,
    get pid() {
      return pidOf(child);
    },
    log: plan.log,
    async kill(signal) {
      child.kill(signal);
      if (signal === "SIGKILL") {
        await exited(child);
      }
    },
    untilExit: () => exited(child),
    stop,
    async restart() {
      await stop();
      child = await launch(plan);
    },
  };
}

async function launch(plan: ProcessPlan): Promise<ChildProcess> {
  mkdirSync(dirname(plan.log), { recursive: true });
  const file = openSync(plan.log, "a", 0o600);
  const start = statSync(plan.log).size;
  const child = spawn(plan.command, plan.args, {
    stdio: ["ignore", file, file],
    ...(plan.env === undefined ? {} : { env: plan.env }),
  });
  closeSync(file);
  await once(child, "spawn");
  try {
    plan.ledger?.record({ name: plan.name, pid: pidOf(child), log: plan.log, probe: plan.probe });
    await waitUntilReady(plan, { child, start });
  } catch (error) {
    await stopChild(child);
    throw error;
  }
  return child;
}

async function waitUntilReady(plan: ProcessPlan, run: { child: ChildProcess; start: number }): Promise<void> {
  const giveUpAt = performance.now() + plan.readyTimeoutMs;
  for (;;) {
    plan.signal?.throwIfAborted();
    // Asked before the log is read, so that the log of a process that ended is complete.
    const ended = hasExited(run.child);
    const output = await readFrom(plan.log, run.start);
    if (ended) {
      throw new Error(`${plan.name} ended while starting (${plan.log}):\n${tail(output)}`);
    }
    if (await plan.isReady(output)) {
      return;
    }
    if (performance.now() > giveUpAt) {
      throw new Error(
        `${plan.name} was not ready after ${plan.readyTimeoutMs} ms (${plan.log}):\n${tail(output)}`,
      );
    }
    await delay(READY_POLL_MS);
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (hasExited(child)) {
    return;
  }
  child.kill("SIGTERM");
  child.kill("SIGCONT");
  const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited(child);
  clearTimeout(force);
}

async function exited(child: ChildProcess): Promise<void> {
  if (hasExited(child)) {
    return;
  }
  await once(child, "exit");
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function pidOf(child: ChildProcess): number {
  assert(child.pid !== undefined, "a process that was started has a pid");
  return child.pid;
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
