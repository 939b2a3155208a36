import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { ProcessName } from "@parley/contract/processes";

import { allOrNone } from "./all-or-none.ts";
import { importDirectory } from "./import-directory.ts";
import type { SiteLinks } from "./leafnodes.ts";
import { ledgerFor } from "./ledger.ts";
import type { ManagedProcess, RunOptions } from "./managed-process.ts";
import { startMongoServer, type MongoServer } from "./mongo-server.ts";
import { startNatsServer, type NatsServer } from "./nats-server.ts";
import { startServiceProcess } from "./service-process.ts";
import { createRoomKeyKek, processEnvironment } from "./site-environment.ts";
import { createSiteProcesses, type ProcessPlans } from "./site-processes.ts";
import { createSiteUsers, natsAccounts, type SiteUsers } from "./site-users.ts";
import { startValkeyServer, type ValkeyServer } from "./valkey-server.ts";

export interface SiteOptions {
  readonly siteId: string;
  readonly peers: readonly string[];
  /** The accounts at home here; each gets a broker user. */
  readonly accounts: readonly string[];
  /** A directory file that is imported before the processes start. */
  readonly directory?: string | undefined;
  /** Holds data, configuration and logs. */
  readonly dir: string;
  /** How its broker meets those of its peers. */
  readonly links: SiteLinks;
  /** Default: one of each. */
  readonly processes?: ProcessPlans | undefined;
  /** Everything that is started is written down in this file. */
  readonly ledgerFile?: string | undefined;
  /** Gives up the start, and ends what was started. */
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done, a line at a time. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** A complete site on this machine. */
export interface Site {
  readonly siteId: string;
  readonly users: SiteUsers;
  readonly nats: NatsServer;
  readonly valkey: ValkeyServer;
  readonly mongo: MongoServer;
  readonly servers: readonly ManagedProcess[];
  readonly processes: readonly ManagedProcess[];
  /** Throws when there is none; the second `room-worker` is `room-worker-2`. */
  process(name: string): ManagedProcess;
  /** Starts one more; returns when it is ready. */
  startProcess(service: ProcessName, environment?: NodeJS.ProcessEnv): Promise<ManagedProcess>;
  /** Imports a directory file while the site runs; answers what the import printed. Throws when it fails. */
  importDirectory(file: string): Promise<string>;
  /** Ends the processes, then the servers. */
  stop(): Promise<void>;
}

/**
 * Starts a site: servers, directory, processes; returns when every process is ready.
 *
 * @throws when anything does not come up; what was started is ended then
 */
export async function startSite(options: SiteOptions): Promise<Site> {
  mkdirSync(options.dir, { recursive: true });
  const users = createSiteUsers(options.accounts);
  const [nats, valkey, mongo] = await startServers(options, users);
  const servers = [nats, valkey, mongo];
  const roomKeyKek = createRoomKeyKek(options.dir);
  const environmentOf = (service: ProcessName) =>
    processEnvironment({ ...options, users, nats, valkey, mongo, roomKeyKek }, service);
  const processes = createSiteProcesses(({ service, name, environment }) =>
    startServiceProcess({
      process: service,
      name,
      environment: { ...environmentOf(service), ...environment },
      ...runOptions(options, { name, kind: "process" }),
    }),
  );
  const stop = async () => {
    await processes.stop();
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    if (options.directory !== undefined) {
      const environment = environmentOf("room-service");
      await importDirectory({ file: options.directory, environment, signal: options.signal });
    }
    await processes.startAll(options.processes);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    siteId: options.siteId,
    users,
    nats,
    valkey,
    mongo,
    servers,
    processes: processes.running,
    process: (name) => processes.named(name),
    importDirectory: (file) => importDirectory({ file, environment: environmentOf("room-service") }),
    startProcess: (service, environment) => processes.start(service, environment),
    stop,
  };
}

function startServers(options: SiteOptions, users: SiteUsers) {
  const { siteId, peers, dir, links } = options;
  return allOrNone<[NatsServer, ValkeyServer, MongoServer]>([
    startNatsServer({
      dir: join(dir, "nats"),
      domain: siteId,
      accounts: natsAccounts({ siteId, peers, users, leafUsers: links.accepts }),
      links,
      ...runOptions(options, { name: "nats-server", kind: "server" }),
    }),
    startValkeyServer({
      dir: join(dir, "valkey"),
      ...runOptions(options, { name: "valkey-server", kind: "server" }),
    }),
    startMongoServer({ dir: join(dir, "mongo"), ...runOptions(options, { name: "mongo", kind: "server" }) }),
  ]);
}

function runOptions(options: SiteOptions, of: { name: string; kind: "server" | "process" }) {
  const { siteId, dir, ledgerFile, signal, onProgress } = options;
  return {
    log: join(dir, "logs", `${of.name}.log`),
    ledger: ledgerFile === undefined ? undefined : ledgerFor(ledgerFile, { site: siteId, kind: of.kind }),
    signal,
    onProgress,
  } satisfies RunOptions;
}
