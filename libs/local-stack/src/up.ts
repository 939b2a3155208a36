import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

import type { KeeperMessage, KeeperOrder } from "./keeper-message.ts";
import { isAlive, readLedger } from "./ledger.ts";
import { print } from "./print.ts";
import { stackFolder } from "./stack-folder.ts";

/** `make up`: starts a stack that keeps running, from nothing, and writes `.local/stack.json`. */

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "1" },
    directory: { type: "string" },
    /** Starts no processes, to run them by hand, say under a debugger. */
    "servers-only": { type: "boolean", default: false },
    /** Where the stack is kept (default: `.local` of the checkout). */
    root: { type: "string" },
  },
});

try {
  await up({
    folder: stackFolder(values.root),
    sites: Number(values.sites),
    directory: values.directory === undefined ? undefined : resolve(values.directory),
    serversOnly: values["servers-only"],
  });
} catch (error) {
  print(`up: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function up(order: KeeperOrder): Promise<void> {
  const { stackFile, dir, ledgerFile } = order.folder;
  if (readLedger(ledgerFile).some(isAlive)) {
    throw new Error("a stack is already running; end it with `make down`");
  }
  rmSync(stackFile, { force: true });
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const keeper = startKeeper(order);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => keeper.kill("SIGTERM"));
  }
  await untilReady(keeper, order);
  keeper.disconnect();
  keeper.unref();
  print(`addresses and logins: ${relative("", stackFile)}; end it with \`make down\``);
}

function startKeeper(order: KeeperOrder): ChildProcess {
  const log = openSync(order.folder.keeperLog, "a", 0o600);
  return spawn(process.execPath, [join(import.meta.dirname, "keeper.ts"), JSON.stringify(order)], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
}

async function untilReady(keeper: ChildProcess, { folder }: KeeperOrder): Promise<void> {
  const ready = Promise.withResolvers<void>();
  const problems: string[] = [];
  keeper.on("message", (message: KeeperMessage) => {
    switch (message.type) {
      case "progress":
        return print(message.line);
      case "ready":
        message.summary.forEach(print);
        return ready.resolve();
      case "failed":
        return problems.push(message.problem);
    }
  });
  // Its exit, not its message, tells that nothing of a failed start is left.
  const ended = once(keeper, "exit").then(() => {
    throw new Error(problems[0] ?? `the start ended early, see ${folder.keeperLog}`);
  });
  await Promise.race([ready.promise, ended]);
}
