import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { natsServer, requireServer } from "./choose-server.ts";
import { startProcess, type ManagedProcess, type RunOptions } from "./managed-process.ts";
import { withFreePorts } from "./with-free-ports.ts";

const READY_TIMEOUT_MS = 15_000;

export interface NatsServer extends ManagedProcess {
  /** `nats://127.0.0.1:…`, without credentials */
  readonly url: string;
  /** `ws://127.0.0.1:…`, without credentials */
  readonly websocketUrl: string;
}

export interface NatsServerOptions extends RunOptions {
  /** Holds data and configuration; a server started on the same folder finds its streams again. */
  readonly dir: string;
  /** The JetStream domain. */
  readonly domain: string;
  /** More configuration: accounts and their users. Without it everybody may do everything. */
  readonly accounts?: string;
}

/**
 * Starts a nats-server with JetStream and a WebSocket listener on free loopback ports.
 *
 * @throws when there is no nats-server or it does not come up, with the tail of its log
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { dir, log = join(dir, "nats-server.log"), ledger, signal, onProgress } = options;
  const program = await requireServer(natsServer);
  onProgress?.(`nats-server: ${program.origin}`);
  mkdirSync(dir, { recursive: true });
  const configFile = join(dir, "nats-server.conf");
  return withFreePorts(2, async ([port = 0, websocketPort = 0]) => {
    writeFileSync(configFile, configText(options, { port, websocketPort }), { mode: 0o600 });
    const server = await startProcess({
      name: "nats-server",
      ...program.commandLine({ dir, args: ["--config", configFile] }),
      log,
      ledger,
      signal,
      probe: `tcp://127.0.0.1:${port}`,
      isReady: (output) => output.includes("Server is ready"),
      readyTimeoutMs: READY_TIMEOUT_MS,
    });
    return Object.assign(server, {
      url: `nats://127.0.0.1:${port}`,
      websocketUrl: `ws://127.0.0.1:${websocketPort}`,
    });
  });
}

function configText(options: NatsServerOptions, ports: { port: number; websocketPort: number }): string {
  return `server_name: ${JSON.stringify(`${options.domain}-1`)}
host: "127.0.0.1"
port: ${ports.port}
websocket {
  host: "127.0.0.1"
  port: ${ports.websocketPort}
  no_tls: true
}
jetstream {
  store_dir: ${JSON.stringify(join(options.dir, "jetstream"))}
  domain: ${JSON.stringify(options.domain)}
}
${options.accounts ?? ""}`;
}
