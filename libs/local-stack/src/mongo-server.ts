import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { findServer, mongod } from "./choose-server.ts";
import { startProcess, type ManagedProcess, type RunOptions } from "./managed-process.ts";
import type { ServerProgram } from "./server-program.ts";
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
 * Starts a `mongod` on a free loopback port, or the embedded server when there is none, nor a container to run one in.
 *
 * @throws when it does not come up, with the tail of its log
 */
export async function startMongoServer(options: MongoServerOptions): Promise<MongoServer> {
  const { dir, log = join(dir, "mongo.log"), ledger, signal, onProgress } = options;
  mkdirSync(dir, { recursive: true });
  const program = await findServer(mongod);
  onProgress?.(`MongoDB: ${program?.origin ?? "embedded server, for demo and tests only"}`);
  return withFreePorts(1, async ([port = 0]) => {
    const server = await startProcess({
      ...(program === undefined ? embedded(dir, port) : real({ program, dir, port })),
      log,
      ledger,
      signal,
      probe: `tcp://127.0.0.1:${port}`,
      readyTimeoutMs: READY_TIMEOUT_MS,
    });
    return Object.assign(server, { url: `mongodb://127.0.0.1:${port}` });
  });
}

function real({ program, dir, port }: { program: ServerProgram; dir: string; port: number }) {
  return {
    name: "mongod",
    ...program.commandLine({
      dir,
      args: ["--bind_ip", "127.0.0.1", "--port", String(port), "--dbpath", dir],
    }),
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
