import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { inspect, parseArgs } from "node:util";

import { inCheckout } from "@parley/local-stack/checkout";

import { ratioOf, reachesBar } from "./figure.ts";
import { growthFactor, ROOM_SIZES } from "./growth.ts";
import type { Report } from "./report.ts";
import { runBench } from "./run-bench.ts";
import { markdownOf, tableOf } from "./table.ts";
import { openWorkplace, type Workplace } from "./workplace.ts";

/** Nothing takes this long with the default log; whatever does is a fault (ms). */
const PATIENCE_MS = 240_000;
const EVENTS = 50_000;
/** A larger log may take this much longer for each event (ms). */
const PATIENCE_PER_EVENT_MS = 1;

const { values } = parseArgs({ options: { events: { type: "string", default: String(EVENTS) } } });
const events = Number(values.events);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Exit codes a shell expects after these signals. */
const INTERRUPTIONS = { SIGINT: 130, SIGTERM: 143 } as const;

function writeReports(report: Report, tookMs: number): void {
  const { figures, growth, notes } = report;
  const written = {
    at: new Date().toISOString(),
    machine: { cores: availableParallelism(), processor: cpus()[0]?.model, node: process.version },
    tookMs: Math.round(tookMs),
    figures: figures.map((figure) => ({ ...figure, ratio: ratioOf(figure), reachesBar: reachesBar(figure) })),
    roomSizes: ROOM_SIZES,
    growth: growth.map((line) => ({ ...line, factor: growthFactor(line) })),
    notes,
  };
  mkdirSync(inCheckout(".local"), { recursive: true });
  writeFileSync(inCheckout(".local/bench.json"), `${JSON.stringify(written, null, 2)}\n`);
  writeFileSync(inCheckout(".local/bench.md"), `${markdownOf(report).join("\n")}\n`);
}

/** Resolves when the run is to be given up, with why and with the code to end with. */
function untilGivenUp(patienceMs: number): Promise<{ readonly why: string; readonly code: number }> {
  const givenUp = Promise.withResolvers<{ readonly why: string; readonly code: number }>();
  for (const [signal, code] of Object.entries(INTERRUPTIONS))
    process.once(signal, () => givenUp.resolve({ why: `interrupted by ${signal}`, code }));
  void delay(patienceMs, undefined, { ref: false }).then(() =>
    givenUp.resolve({ why: `it did not end within ${patienceMs / 1_000} s`, code: 1 }),
  );
  return givenUp.promise;
}

async function run(workplace: Workplace): Promise<void> {
  const startedAt = performance.now();
  const elapsed = (): string => ((performance.now() - startedAt) / 1_000).toFixed(0).padStart(3);
  const onProgress = (line: string): void => print(`${elapsed()} s  ${line}`);
  const report = await runBench({ events, onProgress, workplace });
  const tookMs = performance.now() - startedAt;
  writeReports(report, tookMs);
  print("");
  for (const line of tableOf(report)) print(line);
  print(
    `\nbench: ${report.figures.length} figures in ${(tookMs / 1_000).toFixed(0)} s, written to .local/bench.json and .local/bench.md`,
  );
}

async function main(): Promise<number> {
  if (!Number.isSafeInteger(events) || events < 10_000)
    throw new Error(`--events takes a whole number from 10000, not ${values.events}`);
  const givenUp = untilGivenUp(PATIENCE_MS + Math.max(0, events - EVENTS) * PATIENCE_PER_EVENT_MS);
  const workplace = openWorkplace();
  try {
    const ending = await Promise.race([run(workplace), givenUp]);
    if (ending === undefined) return 0;
    process.stderr.write(`\nbench: failed, ${ending.why}\n`);
    return ending.code;
  } finally {
    await workplace.leave();
  }
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`\nbench: failed, ${inspect(error)}\n`);
  process.exit(1);
}
