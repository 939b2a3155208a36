import { setTimeout as delay } from "node:timers/promises";

import { signalContainer } from "./docker.ts";
import { isAlive, readLedger, type LedgerEntry } from "./ledger.ts";

const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 25;

/**
 * Ends what a ledger lists and still runs: processes first, then servers, then their keeper; asked first, by force after 30 s.
 * A pid that meanwhile belongs to another process is left alone.
 *
 * @returns what was ended
 * @throws when something survives being ended by force
 */
export async function stopRecorded(ledgerFile: string): Promise<readonly LedgerEntry[]> {
  const alive = readLedger(ledgerFile).filter(isAlive);
  for (const kind of ["process", "server", "keeper"]) {
    await Promise.all(alive.filter((entry) => entry.kind === kind).map(stop));
  }
  return alive.filter(({ kind }) => kind !== "keeper");
}

async function stop(entry: LedgerEntry): Promise<void> {
  await signal(entry, "SIGTERM");
  await signal(entry, "SIGCONT");
  if (await endsWithin(entry, STOP_TIMEOUT_MS)) {
    return;
  }
  await signal(entry, "SIGKILL");
  if (!(await endsWithin(entry, STOP_TIMEOUT_MS))) {
    throw new Error(`${entry.name} (pid ${entry.pid}) cannot be ended`);
  }
}

async function signal(entry: LedgerEntry, name: NodeJS.Signals): Promise<void> {
  if (!isAlive(entry)) {
    return;
  }
  if (entry.container === undefined) {
    process.kill(entry.pid, name);
  } else {
    await signalContainer(entry.container, name);
  }
}

async function endsWithin(entry: LedgerEntry, timeoutMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + timeoutMs;
  while (isAlive(entry)) {
    if (performance.now() > giveUpAt) {
      return false;
    }
    await delay(POLL_MS);
  }
  return true;
}
