import { join } from "node:path";

import { startBrokerProcess } from "./broker-process.ts";
import { listeningConfig, NO_LINKS, remoteConfig, type SiteLinks } from "./leafnodes.ts";
import type { ManagedProcess, RunOptions } from "./managed-process.ts";

export interface NatsServer extends ManagedProcess {
  /** `nats://127.0.0.1:…`, without credentials */
  readonly url: string;
  /** `ws://127.0.0.1:…`, without credentials */
  readonly websocketUrl: string;
  /** Where it listens for links, if anybody may connect. */
  readonly linkPort: number;
}

export interface NatsServerOptions extends RunOptions {
  /** Holds data and configuration; a server started on the same folder finds its streams again. */
  readonly dir: string;
  /** The JetStream domain. */
  readonly domain: string;
  /** More configuration: accounts and their users. Without it everybody may do everything. */
  readonly accounts?: string;
  /** Its links; those who may connect are to be among the users of `accounts`. */
  readonly links?: SiteLinks | undefined;
}

interface Ports {
  readonly client: number;
  readonly websocket: number;
  readonly link: number;
}

/**
 * Starts a nats-server with JetStream and a WebSocket listener on free loopback ports.
 *
 * @throws when there is no nats-server or it does not come up, with the tail of its log
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { process, ports } = await startBrokerProcess({
    ...options,
    portCount: 3,
    configText: (given) => configText(options, portsOf(given)),
  });
  const { client, websocket, link } = portsOf(ports);
  return Object.assign(process, {
    url: `nats://127.0.0.1:${client}`,
    websocketUrl: `ws://127.0.0.1:${websocket}`,
    linkPort: link,
  });
}

function portsOf([client = 0, websocket = 0, link = 0]: readonly number[]): Ports {
  return { client, websocket, link };
}

function configText(options: NatsServerOptions, ports: Ports): string {
  return `server_name: ${JSON.stringify(`${options.domain}-1`)}
host: "127.0.0.1"
port: ${ports.client}
websocket {
  host: "127.0.0.1"
  port: ${ports.websocket}
  no_tls: true
}
jetstream {
  store_dir: ${JSON.stringify(join(options.dir, "jetstream"))}
  domain: ${JSON.stringify(options.domain)}
}
${linksConfig(options, ports.link)}${options.accounts ?? ""}`;
}

function linksConfig({ links = NO_LINKS }: NatsServerOptions, port: number): string {
  if (links.remote !== undefined) {
    return remoteConfig(links.remote);
  }
  return links.accepts.length > 0 ? listeningConfig(port) : "";
}
