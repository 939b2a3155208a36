import { setTimeout as delay } from "node:timers/promises";

import { createReadiness, type Readiness } from "@parley/lifecycle/readiness";
import { parseConfig } from "@parley/lifecycle/parse-config";
import { retryUntil } from "@parley/lifecycle/retry-until";
import type { ServiceContext } from "@parley/lifecycle/service";
import { createMemoryLog, type MemoryLog } from "@parley/telemetry/memory-log";
import type { z } from "zod";

/** A process of a site, opened inside the test's own. */
export interface OpenedProcess extends AsyncDisposable {
  readonly log: MemoryLog;
  readonly readiness: Readiness;
}

/** How long a process may take until its dependencies have answered for the first time (ms). */
const READY_WITHIN_MS = 5000;

/** As an operator would wait before sending work. Whether it is ready is for the test to say: some open what cannot be. */
async function untilReady(readiness: Readiness): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  while (!readiness.report().ready && performance.now() < until) await delay(5);
}

/**
 * Opens a process as `runProcess` would, without the process around it. Disposing it finishes the work in hand, as a
 * signal would.
 */
export async function openProcess<Schema extends z.ZodType>(of: {
  readonly config: Schema;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly open: (
    stack: AsyncDisposableStack,
    context: ServiceContext & { readonly config: z.output<Schema> },
  ) => Promise<void>;
}): Promise<OpenedProcess> {
  const parsed = parseConfig(of.config, of.environment);
  if (!parsed.ok) throw new Error(`the test's configuration is wrong: ${JSON.stringify(parsed.faults)}`);
  const log = createMemoryLog();
  const stopping = new AbortController();
  await using stack = new AsyncDisposableStack();
  const readiness = stack.use(createReadiness({ log }));
  await of.open(stack, {
    config: parsed.config,
    log,
    readiness,
    stopping: stopping.signal,
    retry: ({ what: _what, ...step }) => retryUntil({ ...step, signal: stopping.signal }),
    fail: (what, cause) => log.error(what, {}, cause),
  });
  await untilReady(readiness);
  const opened = stack.move();
  return {
    log,
    readiness,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await opened.disposeAsync();
    },
  };
}
