import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { requireServer, valkeyServer } from "./choose-server.ts";
import { startProcess, type ManagedProcess, type RunOptions } from "./managed-process.ts";
import { withFreePorts } from "./with-free-ports.ts";

const READY_TIMEOUT_MS = 15_000;

export interface ValkeyServer extends ManagedProcess {
  /** `127.0.0.1:…` */
  readonly address: string;
  /** Where nodes of a cluster talk to each other. */
  readonly busPort: number;
}

interface ValkeyServerOptions extends RunOptions {
  /** Holds the data; a server started on the same folder finds it again. */
  readonly dir: string;
  /** Starts a node of a cluster, which serves once it was given slots and met the others. */
  readonly inCluster?: boolean;
}

/**
 * Starts a valkey-server on a free loopback port that has every write on disk before it answers and refuses
 * writes rather than forget a key (DESIGN 5.4).
 *
 * @throws when there is no valkey-server or it does not come up, with the tail of its log
 */
export async function startValkeyServer(options: ValkeyServerOptions): Promise<ValkeyServer> {
  const {
    dir,
    inCluster = false,
    log = join(dir, "valkey-server.log"),
    ledger,
    signal,
    onProgress,
  } = options;
  const program = await requireServer(valkeyServer);
  onProgress?.(`valkey-server: ${program.origin}`);
  mkdirSync(dir, { recursive: true });
  return withFreePorts(2, async ([port = 0, busPort = 0]) => {
    const settings = {
      bind: "127.0.0.1",
      port: String(port),
      dir,
      appendonly: "yes",
      appendfsync: "always",
      "maxmemory-policy": "noeviction",
      save: "",
      ...(inCluster && { "cluster-enabled": "yes", "cluster-port": String(busPort) }),
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
    return Object.assign(server, { address: `127.0.0.1:${port}`, busPort });
  });
}
