import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";

import { inCheckout } from "@parley/local-stack/checkout";

import { requireChromium } from "./chromium-program.ts";
import { devtoolsOver, type Devtools, type Thrown } from "./devtools.ts";

/** How long a browser that was asked to end may take (ms). */
const END_WITHIN_MS = 10_000;
/** How much of what it wrote is kept, for when it does not start (characters). */
const TOLD_MAX = 4000;

const FLAGS = [
  "--headless",
  "--remote-debugging-pipe",
  // It opens our own page alone, and a container or root has no sandbox to give.
  "--no-sandbox",
  // The shared memory of a container is small.
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--no-first-run",
  "--no-proxy-server",
  "--disable-background-networking",
  "--disable-component-update",
];

/** A page that is open in a browser. */
interface Tab {
  /** Evaluates an expression and waits for its promise. @throws what the page throws */
  readonly evaluate: (expression: string) => Promise<unknown>;
  /** Everything that was thrown in the page and caught by nobody. */
  readonly uncaught: readonly string[];
}

/** A browser without a window, and with a profile that goes with it. */
export interface Chromium extends AsyncDisposable {
  /** Opens a page; resolves when its scripts have run. @throws when it cannot be loaded */
  open(url: string): Promise<Tab>;
}

/**
 * Starts a Chromium of its own; disposing of it ends it.
 * @throws when there is none, or it does not start
 */
export async function startChromium(): Promise<Chromium> {
  const program = requireChromium();
  const profiles = inCheckout(".local/test-browsers");
  mkdirSync(profiles, { recursive: true });
  const profile = mkdtempSync(join(profiles, "profile-"));
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    // A group of its own: whatever it has started can be ended with it.
    detached: true,
  });
  await once(child, "spawn");
  const told = tellingOf(child);
  const devtools = devtoolsOver(pipesOf(child));
  return {
    async open(url) {
      try {
        return await openTab(devtools, url);
      } catch (error) {
        throw new Error(`${url} was not opened; ${program} wrote:\n${told()}`, { cause: error });
      }
    },
    async [Symbol.asyncDispose]() {
      await end(child, devtools);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function tellingOf({ stderr }: ChildProcess): () => string {
  let text = "";
  stderr?.setEncoding("utf8");
  stderr?.on("data", (more: string) => {
    text = `${text}${more}`.slice(-TOLD_MAX);
  });
  return () => text;
}

/** It hears commands on its fourth file and answers on its fifth. */
function pipesOf({ stdio }: ChildProcess): { input: Writable; output: Readable } {
  const [, , , input, output] = stdio;
  if (!(input instanceof Writable) || !(output instanceof Readable))
    throw new Error("no pipes to the browser");
  // What is written to a browser that has ended is answered by the pipe that closes.
  input.on("error", () => output.destroy());
  return { input, output };
}

async function openTab(devtools: Devtools, url: string): Promise<Tab> {
  const { targetId } = await devtools.call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await devtools.call("Target.attachToTarget", { targetId, flatten: true });
  const uncaught: string[] = [];
  const loaded = Promise.withResolvers<void>();
  devtools.listen(({ method, params }) => {
    if (method === "Page.loadEventFired") loaded.resolve();
    if (params.exceptionDetails !== undefined) uncaught.push(textOf(params.exceptionDetails));
  });
  await devtools.call("Page.enable", {}, sessionId);
  await devtools.call("Runtime.enable", {}, sessionId);
  const { errorText } = await devtools.call("Page.navigate", { url }, sessionId);
  if (errorText !== undefined) throw new Error(errorText);
  await loaded.promise;
  return {
    uncaught,
    async evaluate(expression) {
      const how = { awaitPromise: true, returnByValue: true } as const;
      const answer = await devtools.call("Runtime.evaluate", { expression, ...how }, sessionId);
      if (answer.exceptionDetails !== undefined) throw new Error(textOf(answer.exceptionDetails));
      return answer.result.value;
    },
  };
}

const textOf = ({ text, exception }: Thrown): string =>
  exception?.description ?? `${text} ${JSON.stringify(exception?.value)}`;

async function end(child: ChildProcess, devtools: Devtools): Promise<void> {
  if (hasExited(child)) return;
  const exited = once(child, "exit");
  const timer = setTimeout(() => endByForce(child), END_WITHIN_MS);
  await Promise.allSettled([devtools.call("Browser.close", {})]);
  await exited;
  clearTimeout(timer);
}

const hasExited = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

function endByForce({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}
