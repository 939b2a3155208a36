import { startBrokerProcess } from "./broker-process.ts";
import { hubAccounts, listeningConfig, type LeafUser } from "./leafnodes.ts";
import type { ManagedProcess, RunOptions } from "./managed-process.ts";

/** The ledger's name for the hub, which belongs to no site. */
export const HUB = "hub";

/** A broker without JetStream and without clients, at which sites meet. */
export interface HubServer extends ManagedProcess {
  readonly linkPort: number;
}

interface HubServerOptions extends RunOptions {
  /** Holds the configuration. */
  readonly dir: string;
  /** One for each site. */
  readonly accepts: readonly LeafUser[];
}

/**
 * Starts a hub on free loopback ports.
 *
 * @throws when there is no nats-server or it does not come up, with the tail of its log
 */
export async function startHubServer(options: HubServerOptions): Promise<HubServer> {
  const { process, ports } = await startBrokerProcess({
    ...options,
    portCount: 2,
    configText: ([client = 0, link = 0]) => `server_name: "${HUB}"
host: "127.0.0.1"
port: ${client}
${listeningConfig(link)}${hubAccounts(options.accepts)}`,
  });
  return Object.assign(process, { linkPort: ports[1] ?? 0 });
}
