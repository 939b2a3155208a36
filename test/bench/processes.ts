import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

import type { Site } from "@parley/local-stack/site";

/** Clock ticks per second in /proc; fixed on Linux for every architecture Node runs on. */
const TICKS_PER_SECOND = 100;
const KIB_PER_MB = 1_000_000 / 1_024;

interface Watched {
  readonly name: string;
  readonly pid: number;
}

/** What one process used of the machine. */
export interface Share {
  readonly name: string;
  /** Processor cores, on average. */
  readonly cores: number;
}

/** The processes and servers of a site. */
export const processesOf = (site: Site): readonly Watched[] => [...site.processes, ...site.servers];

/** Processor time of a process since its start (s): user and system time, fields 14 and 15 of its `stat`. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in parentheses, which may hold spaces; the third begins after them.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process (MB of 1 000 000 bytes). */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kibibytes) / KIB_PER_MB;
}

/** Begins to count processor time; the returned function tells who used how much since, the busiest first. */
export function watchProcessors(watched: readonly Watched[]): () => readonly Share[] {
  const all = [...watched, { name: "bench itself", pid: process.pid }];
  const before = all.map(({ pid }) => processorSeconds(pid));
  const startedAt = performance.now();
  return () => {
    const seconds = (performance.now() - startedAt) / 1_000;
    return all
      .map(({ name, pid }, index) => ({
        name,
        cores: (processorSeconds(pid) - (before[index] ?? 0)) / seconds,
      }))
      .toSorted((a, b) => b.cores - a.cores);
  };
}

/** Processor shares in words: who was busy, and whether a core or the machine was the limit. */
export function describeShares(shares: readonly Share[]): string {
  const total = shares.reduce((sum, { cores }) => sum + cores, 0);
  const busy = shares
    .filter(({ cores }) => cores >= 0.02)
    .map(({ name, cores }) => `${name} ${cores.toFixed(2)}`);
  return `${busy.join(", ")}; together ${total.toFixed(2)} of ${availableParallelism()} cores`;
}
