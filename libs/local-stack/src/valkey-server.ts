import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { requireServer, valkeyServer } from "./choose-server.ts";
import { startProcess, type ManagedProcess, type RunOptions } from "./managed-process.ts";
import { withFreePorts } from "./with-free-ports.ts";

const READY_TIMEOUT_MS = 15_000;

export interface ValkeyServer extends ManagedProcess {
  /** `127.0.0.1:…` */
  readonly address: string;
}

interface ValkeyServerOptions extends RunOptions {
  /** Holds the data; a server started on the same folder finds it again. */
  readonly dir: string;
}

/**
 * Starts a valkey-server on a free loopback port that has every write on disk before it answers and refuses
 * writes rather than forget a key (DESIGN 5.4).
 *
 * @throws when there is no valkey-server or it does not come up, with the tail of its log
 */
export async function startValkeyServer(options: ValkeyServerOptions): Promise<ValkeyServer> {
  const { dir, log = join(dir, "valkey-server.log"), ledger, signal, onProgress } = options;
  const program = await requireServer(valkeyServer);
  onProgress?.(`valkey-server: ${program.origin}`);
  mkdirSync(dir, { recursive: true });
  return withFreePorts(1, async ([port = 0]) => {
    const settings = {
      bind: "127.0.0.1",
      port: String(port),
      dir,
      appendonly: "yes",
      appendfsync: "always",
      "maxmemory-policy": "noeviction",
      save: "",
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const server = await startProcess({
      name: "valkey-server",
      ...program.commandLine({ dir, args }),
      log,
      ledger,
      signal,
      probe: `tcp://127.0.0.1:${port}`,
      isReady: (output) => output.includes("Ready to accept connections"),
      readyTimeoutMs: READY_TIMEOUT_MS,
    });
    return Object.assign(server, { address: `127.0.0.1:${port}` });
  });
}
