import assert from "node:assert/strict";
import { once } from "node:events";

import type { KeeperMessage, KeeperOrder } from "./keeper-message.ts";
import { ledgerFor } from "./ledger.ts";
import type { Site } from "./site.ts";
import { writeStackFile } from "./stack-file.ts";
import { startStack } from "./stack.ts";

/**
 * The parent of a stack that `make up` started: it starts the stack, tells `up` how that went, and stays while
 * anything of it runs. As the parent it takes note of every child that ends; left to process 1 of a container,
 * which often does not, they would remain in the process table.
 */

const [, , argument] = process.argv;
assert(argument !== undefined, "the keeper is started by `up`");
const order: KeeperOrder = JSON.parse(argument);
const { folder } = order;

const end = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => end.abort(new Error("interrupted")));
}
// Whoever brings a stack up and dies before it is ready wants none.
process.once("disconnect", () => end.abort(new Error("interrupted")));

ledgerFor(folder.ledgerFile, { site: "", kind: "keeper" }).record({
  name: "keeper",
  pid: process.pid,
  log: folder.keeperLog,
  probe: "",
});
try {
  await keep();
} catch (error) {
  tell({ type: "failed", problem: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  if (process.connected) {
    // The channel would keep it running.
    process.disconnect();
  }
}

async function keep(): Promise<void> {
  await using stack = await startStack({
    sites: order.sites,
    directory: order.directory,
    dir: folder.dir,
    processes: order.serversOnly ? {} : undefined,
    links: "direct",
    ledgerFile: folder.ledgerFile,
    signal: end.signal,
    onProgress: (line) => tell({ type: "progress", line }),
  });
  writeStackFile(folder.stackFile, stack.sites);
  process.removeAllListeners("disconnect");
  tell({ type: "ready", summary: stack.sites.map(summaryOf) });
  await once(end.signal, "abort");
}

function summaryOf({ siteId, nats, mongo, valkey }: Site): string {
  return `${siteId}: ${nats.url}, ${nats.websocketUrl}, ${mongo.url}, valkey ${valkey.address}`;
}

function tell(message: KeeperMessage): void {
  if (process.connected) {
    process.send?.(message);
  }
}
