import type { Log } from "@parley/contract/observe";

import { watchEndings, type Ending, type Endings, type Host } from "./endings.ts";
import { EXIT } from "./exit-codes.ts";
import { openHealthServer, type HealthAddress } from "./health-server.ts";
import { pause } from "@parley/concurrency/pause";
import { createReadiness, type Readiness } from "./readiness.ts";
import { retryUntil, type Retry } from "./retry-until.ts";

/** Telemetry goes last and gets this long, so that a dead collector cannot hold a stopped process. */
const FLUSH_TIMEOUT_MS = 2000;

/** What every process's configuration holds for its own life. */
export interface ServiceConfig {
  readonly startupTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly healthAddress: HealthAddress;
}

/** A step of start-up that may fail until a dependency is there. `what` names it in the log. */
export type StartupStep<T> = Pick<Retry<T>, "attempt" | "isFinal"> & { readonly what: string };

/** What a process gets from its life. */
export interface ServiceContext {
  readonly log: Log;
  readonly readiness: Readiness;
  /** Aborted as soon as the process begins to stop: accept nothing, pull nothing. */
  readonly stopping: AbortSignal;
  /** Repeats a step with back-off until it succeeds, fails for good or the time for start-up is over. */
  readonly retry: <T>(step: StartupStep<T>) => Promise<T>;
  /** Stops the process in good order with exit code 1: something it cannot run without has ended. */
  readonly fail: (what: string, cause: unknown) => void;
}

export interface Service {
  readonly name: string;
  readonly config: ServiceConfig;
  readonly log: Log;
  /**
   * Opens the process and resolves when it works. What it puts on the stack is closed in reverse, so it puts the stores
   * there first, then the connection to drain, then consumers and endpoints, whose disposal finishes the work in hand.
   */
  readonly open: (stack: AsyncDisposableStack, context: ServiceContext) => Promise<void>;
  /** Called last of all, when everything is closed: exports the last telemetry. */
  readonly flush?: () => Promise<void>;
  /** `process` unless told. */
  readonly host?: Host;
}

/**
 * Runs a process from start-up to exit (`exit-codes.ts`).
 *
 * Start-up succeeds within `startupTimeoutMs` or the process ends. To stop, it turns not ready, aborts `stopping`,
 * closes the stack in reverse within `shutdownTimeoutMs`, flushes telemetry within 2 s, and exits. `/healthz` and
 * `/readyz` answer from the first moment to the last.
 */
export async function runService(service: Service): Promise<void> {
  const { name, log, config, host = process } = service;
  using endings = watchEndings({ host, log });
  const stack = new AsyncDisposableStack();

  log.info("starting", { service: name });
  const opening = startUp(service, { stack, endings });
  const ending = await endings.first;
  report(log, ending);

  const closed = await inTime(config.shutdownTimeoutMs, { log, what: "shutdown" }, async () => {
    await opening;
    await stack.disposeAsync();
  });
  const { flush } = service;
  if (flush !== undefined) await inTime(FLUSH_TIMEOUT_MS, { log, what: "telemetry_flush" }, flush);

  const code = closed && ending.kind === "signal" ? EXIT.stopped : EXIT.failed;
  log.info("stopped", { code });
  host.exit(code);
}

/** Resolves when start-up has come to an end of either kind; a failure is handed to `endings`. */
async function startUp(
  service: Service,
  life: { stack: AsyncDisposableStack; endings: Endings },
): Promise<void> {
  const { log, config } = service;
  const { stack, endings } = life;
  const fail = (what: string, cause: unknown): void => endings.end({ kind: "failure", what, cause });
  let lastFailure: unknown;
  const timer = setTimeout(() => fail("startup_timed_out", lastFailure), config.startupTimeoutMs);
  endings.stopping.addEventListener("abort", () => clearTimeout(timer));

  try {
    const readiness = stack.use(createReadiness({ log }));
    let phase = "starting";
    endings.stopping.addEventListener("abort", () => (phase = "shutting_down"));
    readiness.register("service", () => ({ ok: phase === "running", detail: phase }));
    const server = stack.use(await openHealthServer({ address: config.healthAddress, readiness }));

    const retry = <T>({ what, ...step }: StartupStep<T>): Promise<T> =>
      retryUntil({
        ...step,
        signal: endings.stopping,
        onFailure({ cause, attempt, delayMs }) {
          lastFailure = cause;
          log.warn("startup_step_failed", { what, attempt, delayMs }, cause);
        },
      });
    await service.open(stack, { log, readiness, stopping: endings.stopping, retry, fail });
    if (endings.stopping.aborted) return;
    phase = "running";
    log.info("ready", { healthPort: server.port });
  } catch (cause) {
    fail("startup_failed", cause);
  } finally {
    clearTimeout(timer);
  }
}

function report(log: Log, ending: Ending): void {
  if (ending.kind === "signal") return log.info("stopping", { signal: ending.signal });
  return log.error(ending.what, {}, ending.cause);
}

/** Whether `work` succeeded within `limitMs`; otherwise the log says why not. */
async function inTime(
  limitMs: number,
  { log, what }: { log: Log; what: string },
  work: () => Promise<void>,
): Promise<boolean> {
  const over = new AbortController();
  const late = pause(limitMs, over.signal).then(() => "timed_out" as const);
  try {
    const outcome = await Promise.race([work().then(() => "done" as const), late]);
    if (outcome === "timed_out") log.error(`${what}_timed_out`, { limitMs });
    return outcome === "done";
  } catch (cause) {
    log.error(`${what}_failed`, {}, cause);
    return false;
  } finally {
    over.abort();
  }
}
