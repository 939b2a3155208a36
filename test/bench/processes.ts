import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

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
  /** Processor time altogether. */
  readonly usedMs: number;
}

/** What everybody used of the machine over some time. */
export interface Usage {
  /** The busiest first. */
  readonly shares: readonly Share[];
  /** Cores in use on average, whoever used them. */
  readonly busyCores: number;
}

/** From so much of a core, or of all cores, on there is nothing left to gain. */
const EXHAUSTED = 0.85;

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

/** Resident memory of a site's processes together, its servers left out (MB). */
export const processesMegabytes = (site: Site): number =>
  site.processes.reduce((sum, { pid }) => sum + residentMegabytes(pid), 0);

/** Processor time that the machine has spent on anything since its start (ms). */
const machineBusyMs = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);

/** Begins to count processor time; the returned function tells who used how much since. */
export function watchProcessors(watched: readonly Watched[]): () => Usage {
  const all = [...watched, { name: "bench itself", pid: process.pid }];
  const before = all.map(({ pid }) => processorSeconds(pid));
  const busyBefore = machineBusyMs();
  const startedAt = performance.now();
  return () => {
    const elapsedMs = performance.now() - startedAt;
    const shares = all
      .map(({ name, pid }, index) => {
        const usedMs = (processorSeconds(pid) - (before[index] ?? 0)) * 1_000;
        return { name, usedMs, cores: usedMs / elapsedMs };
      })
      .toSorted((a, b) => b.usedMs - a.usedMs);
    return { shares, busyCores: (machineBusyMs() - busyBefore) / elapsedMs };
  };
}

const coresOf = (shares: readonly Share[]): number => shares.reduce((sum, { cores }) => sum + cores, 0);

/** Processor shares in words: who was busy. */
export function describeShares({ shares }: Usage): string {
  const busy = shares
    .filter(({ cores }) => cores >= 0.02)
    .map(({ name, cores }) => `${name} ${cores.toFixed(2)}`);
  return `${busy.join(", ")}; together ${coresOf(shares).toFixed(2)} of ${availableParallelism()} cores`;
}

/** What kept it from going faster, as far as processors tell. */
export function limitOf({ shares, busyCores }: Usage, cores: number): string {
  const own = coresOf(shares);
  const [busiest] = shares;
  if (busiest !== undefined && busiest.cores >= EXHAUSTED) return `${busiest.name}, which fills a core`;
  if (own >= EXHAUSTED * cores)
    return `processor time: Parley, its servers and the bench fill all ${cores} cores`;
  if (busyCores >= EXHAUSTED * cores)
    return `processor time, of which other programs took ${(busyCores - own).toFixed(2)} of ${cores} cores`;
  return `waiting: ${busyCores.toFixed(2)} of ${cores} cores were in use`;
}

/** Processor time of each process for one of `count`, and the limit. */
export function describeCost(usage: Usage, count: number): string {
  const costs = usage.shares
    .filter(({ usedMs }) => usedMs > 0)
    .map(({ name, usedMs }) => `${name} ${(usedMs / count).toFixed(2)}`);
  const total = usage.shares.reduce((sum, { usedMs }) => sum + usedMs, 0) / count;
  const limit = limitOf(usage, availableParallelism());
  return `${costs.join(", ")}, together ${total.toFixed(2)}; the limit is ${limit}`;
}
