import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { inspect, parseArgs } from "node:util";

import { inCheckout } from "@parley/local-stack/checkout";

import { ratioOf, reachesBar, type Figure } from "./figure.ts";
import { runBench } from "./run-bench.ts";
import { tableOf } from "./table.ts";

/** Nothing takes this long with the default log; whatever does is a fault (ms). */
const PATIENCE_MS = 240_000;
const EVENTS = 50_000;
/** A larger log may take this much longer for each event (ms). */
const PATIENCE_PER_EVENT_MS = 1;

const { values } = parseArgs({ options: { events: { type: "string", default: String(EVENTS) } } });
const events = Number(values.events);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

function writeReport(figures: readonly Figure[], tookMs: number): void {
  const report = {
    at: new Date().toISOString(),
    machine: { cores: availableParallelism(), processor: cpus()[0]?.model, node: process.version },
    tookMs: Math.round(tookMs),
    figures: figures.map((figure) => ({ ...figure, ratio: ratioOf(figure), reachesBar: reachesBar(figure) })),
  };
  mkdirSync(inCheckout(".local"), { recursive: true });
  writeFileSync(inCheckout(".local/bench.json"), `${JSON.stringify(report, null, 2)}\n`);
}

async function run(): Promise<void> {
  if (!Number.isSafeInteger(events) || events < 10_000)
    throw new Error(`--events takes a whole number from 10000, not ${values.events}`);
  const startedAt = performance.now();
  const patienceMs = PATIENCE_MS + Math.max(0, events - EVENTS) * PATIENCE_PER_EVENT_MS;
  const late = setTimeout(() => {
    process.stderr.write(`bench: failed, it did not end within ${patienceMs / 1_000} s\n`);
    // Servers and processes end with their parent.
    process.exit(1);
  }, patienceMs);
  const elapsed = (): string => ((performance.now() - startedAt) / 1_000).toFixed(0).padStart(3);
  const figures = await runBench({ events, onProgress: (line) => print(`${elapsed()} s  ${line}`) });
  clearTimeout(late);
  const tookMs = performance.now() - startedAt;
  writeReport(figures, tookMs);
  print("");
  for (const line of tableOf(figures)) print(line);
  print(
    `\nbench: ${figures.length} figures in ${(tookMs / 1_000).toFixed(0)} s, written to .local/bench.json`,
  );
}

try {
  await run();
} catch (error) {
  process.stderr.write(`\nbench: failed, ${inspect(error)}\n`);
  process.exit(1);
}
