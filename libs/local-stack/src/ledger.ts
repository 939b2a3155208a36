import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync } from "node:fs";

import { processIdentity } from "./process-identity.ts";

/** A process as it was started. */
interface Started {
  readonly name: string;
  readonly pid: number;
  readonly log: string;
  /** Where to see that it serves: `http://…/readyz`, or `tcp://host:port` for what accepts connections. */
  readonly probe: string;
  /** The container it runs in. */
  readonly container?: string | undefined;
}

export interface LedgerEntry extends Started {
  readonly site: string;
  /** A keeper is the parent of the others; it ends with them. */
  readonly kind: "server" | "process" | "keeper";
  /** Tells the process from a later one with its pid. */
  readonly identity: string;
}

/** Where processes are written down the moment they exist, to be found by another command. */
export interface Ledger {
  record(started: Started): void;
}

/** A ledger for one kind of processes of one site; several share a file. */
export function ledgerFor(file: string, of: Pick<LedgerEntry, "site" | "kind">): Ledger {
  return {
    record({ name, pid, log, probe, container }) {
      const identity = processIdentity(pid);
      assert(identity !== undefined, `${name} ended at once (${log})`);
      const entry: LedgerEntry = { ...of, name, pid, log, probe, container, identity };
      appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    },
  };
}

/** What was started, oldest first; empty without a file. */
export function readLedger(file: string): readonly LedgerEntry[] {
  if (!existsSync(file)) {
    return [];
  }
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): LedgerEntry => JSON.parse(line));
}

/** Whether the very process of this entry still runs. */
export function isAlive({ pid, identity }: Pick<LedgerEntry, "pid" | "identity">): boolean {
  return processIdentity(pid) === identity;
}
