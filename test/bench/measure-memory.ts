import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

import type { Site } from "@parley/local-stack/site";

import type { Figure } from "./figure.ts";
import { processesOf, residentMegabytes } from "./processes.ts";

/** What a process may hold while nobody asks anything of it (MB). */
const IDLE_MB_MAX = 120;
/** Long enough for a start to have settled (ms). */
const SETTLE_MS = 2_000;

/** Resident memory (MB) by the name of a process. */
type Sizes = ReadonlyMap<string, number>;

const sizesOf = (site: Site): Sizes =>
  new Map(processesOf(site).map(({ name, pid }) => [name, residentMegabytes(pid)]));

/** A Node that does nothing (MB). */
async function bareNode(): Promise<number> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1_000)"], { stdio: "ignore" });
  await once(child, "spawn");
  await delay(SETTLE_MS / 4);
  const size = residentMegabytes(child.pid ?? 0);
  child.kill();
  await once(child, "exit");
  return size;
}

/** Memory of a site's processes and servers before anything is asked of them. */
export async function measureIdleMemory(site: Site): Promise<{ sizes: Sizes; figures: readonly Figure[] }> {
  await delay(SETTLE_MS);
  const sizes = sizesOf(site);
  const baseline = { name: "a bare Node", value: await bareNode() };
  const products = new Set(site.processes.map(({ name }) => name));
  const figures = [...sizes].map(([name, value]): Figure => {
    const figure = { name: `memory at idle, ${name}`, value, unit: "MB" };
    if (!products.has(name)) return figure;
    return { ...figure, baseline, bar: { of: "value", is: "at most", limit: IDLE_MB_MAX } };
  });
  return { sizes, figures };
}

/** The same after everything that was asked of them, beside what they held at idle. */
export const measureMemoryAfter = (site: Site, idle: Sizes): readonly Figure[] =>
  [...sizesOf(site)].map(([name, value]) => ({
    name: `memory after the run, ${name}`,
    value,
    unit: "MB",
    baseline: { name: "at idle", value: idle.get(name) ?? value },
  }));
