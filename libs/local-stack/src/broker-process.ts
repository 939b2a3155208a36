import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { natsServer, requireServer } from "./choose-server.ts";
import { startProcess, type ManagedProcess, type RunOptions } from "./managed-process.ts";
import { withFreePorts } from "./with-free-ports.ts";

const READY_TIMEOUT_MS = 15_000;

interface BrokerPlan extends RunOptions {
  /** Holds the configuration, and whatever that puts there. */
  readonly dir: string;
  /** How many ports it needs; clients connect to the first. */
  readonly portCount: number;
  readonly configText: (ports: readonly number[]) => string;
}

/** A nats-server and the ports it was given, in the order of its configuration. */
interface BrokerProcess {
  readonly process: ManagedProcess;
  readonly ports: readonly number[];
}

/**
 * Starts a nats-server on free loopback ports.
 *
 * @throws when there is no nats-server or it does not come up, with the tail of its log
 */
export async function startBrokerProcess(plan: BrokerPlan): Promise<BrokerProcess> {
  const { dir, log = join(dir, "nats-server.log"), ledger, signal, onProgress } = plan;
  const program = await requireServer(natsServer);
  onProgress?.(`nats-server: ${program.origin}`);
  mkdirSync(dir, { recursive: true });
  const configFile = join(dir, "nats-server.conf");
  return withFreePorts(plan.portCount, async (ports) => {
    writeFileSync(configFile, plan.configText(ports), { mode: 0o600 });
    const process = await startProcess({
      name: "nats-server",
      ...program.commandLine({ dir, args: ["--config", configFile] }),
      log,
      ledger,
      signal,
      probe: `tcp://127.0.0.1:${ports[0]}`,
      isReady: (output) => output.includes("Server is ready"),
      readyTimeoutMs: READY_TIMEOUT_MS,
    });
    return { process, ports };
  });
}
