import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

import type { Site } from "./site.ts";
import type { Credentials } from "./site-users.ts";

interface RunningFile {
  readonly name: string;
  readonly pid: number;
  /** Path of the log. */
  readonly log: string;
}

/** What `stack.json` tells any client about a running stack; addresses carry no credentials. */
export interface StackFile {
  readonly sites: Readonly<
    Record<
      string,
      {
        readonly nats: string;
        readonly websocket: string;
        readonly mongo: string;
        readonly valkey: string;
        readonly services: Readonly<Record<string, Credentials>>;
        readonly accounts: Readonly<Record<string, Credentials>>;
        readonly servers: readonly RunningFile[];
        readonly processes: readonly RunningFile[];
      }
    >
  >;
}

/** Writes the file in one step, for its owner alone to read. */
export function writeStackFile(path: string, sites: readonly Site[]): void {
  const content: StackFile = {
    sites: Object.fromEntries(
      sites.map((site) => [
        site.siteId,
        {
          nats: site.nats.url,
          websocket: site.nats.websocketUrl,
          mongo: site.mongo.url,
          valkey: site.valkey.address,
          services: site.users.services,
          accounts: site.users.accounts,
          servers: site.servers.map(running),
          processes: site.processes.map(running),
        },
      ]),
    ),
  };
  const unfinished = `${path}.unfinished`;
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, path);
}

/** Reads the file of a running stack. Throws when there is none. */
export function readStackFile(path: string): StackFile {
  const content: StackFile = JSON.parse(readFileSync(path, "utf8"));
  return content;
}

function running({ name, pid, log }: RunningFile): RunningFile {
  return { name, pid, log };
}
