import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { findBinary, mongodBinary } from "./find-binary.ts";
import { startProcess, type ManagedProcess, type RunOptions } from "./managed-process.ts";
import { withFreePorts } from "./with-free-ports.ts";

const require = createRequire(import.meta.url);

const READY_TIMEOUT_MS = 30_000;

export interface MongoServer extends ManagedProcess {
  /** `mongodb://127.0.0.1:…` */
  readonly url: string;
}

interface MongoServerOptions extends RunOptions {
  /** Holds the data; a server started on the same folder finds it again. */
  readonly dir: string;
}

/**
 * Starts a `mongod` on a free loopback port, or the embedded server when there is no `mongod`.
 *
 * @throws when it does not come up, with the tail of its log
 */
export async function startMongoServer(options: MongoServerOptions): Promise<MongoServer> {
  const { dir, log = join(dir, "mongo.log"), ledger, signal } = options;
  mkdirSync(dir, { recursive: true });
  const mongod = findBinary(mongodBinary);
  return withFreePorts(1, async ([port = 0]) => {
    const server = await startProcess({
      ...(mongod === undefined ? embedded(dir, port) : real({ mongod, dir, port })),
      log,
      ledger,
      signal,
      probe: `tcp://127.0.0.1:${port}`,
      readyTimeoutMs: READY_TIMEOUT_MS,
    });
    return Object.assign(server, { url: `mongodb://127.0.0.1:${port}` });
  });
}

function real({ mongod, dir, port }: { mongod: string; dir: string; port: number }) {
  return {
    name: "mongod",
    command: mongod,
    args: ["--bind_ip", "127.0.0.1", "--port", String(port), "--dbpath", dir],
    isReady: (output: string) => output.includes("Waiting for connections"),
  };
}

function embedded(dir: string, port: number) {
  const main = require.resolve("@parley/embedded-mongo/main");
  return {
    name: "embedded-mongo",
    command: process.execPath,
    args: [main, "--port", String(port), "--dir", dir, "--host", "127.0.0.1"],
    isReady: (output: string) =>
      output.split("\n").some((line) => line.includes("ready") && line.includes(String(port))),
  };
}
