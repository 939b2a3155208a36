import type { Log } from "@parley/contract/observe";

import { EXIT } from "./exit-codes.ts";

/** Why a process ends. */
export type Ending =
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "failure"; readonly what: string; readonly cause: unknown };

/** The process as the operating system sees it; `process` is one. */
export interface Host {
  on(event: string, listener: (detail: unknown) => void): unknown;
  off(event: string, listener: (detail: unknown) => void): unknown;
  exit(code: number): unknown;
}

/** Watches for reasons to end, until disposed. */
export interface Endings extends Disposable {
  /** The first reason; later ones change nothing. */
  readonly first: Promise<Ending>;
  /** Aborted with the first reason. */
  readonly stopping: AbortSignal;
  end(ending: Ending): void;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
const CRASHES = {
  uncaughtException: "uncaught_exception",
  unhandledRejection: "unhandled_rejection",
} as const;

/**
 * SIGTERM and SIGINT end the process in good order, a second one at once. An uncaught exception or an unhandled
 * rejection is logged once and ends it at once: nobody knows its state any more, and its successor repeats whatever was
 * in hand.
 */
export function watchEndings({ host, log }: { readonly host: Host; readonly log: Log }): Endings {
  const first = Promise.withResolvers<Ending>();
  const stopping = new AbortController();
  const watched = new DisposableStack();
  let crashed = false;

  const end = (ending: Ending): void => {
    if (stopping.signal.aborted) return;
    first.resolve(ending);
    stopping.abort();
  };
  const crash = (event: string, cause: unknown): void => {
    if (crashed) return;
    crashed = true;
    log.error(event, {}, cause);
    host.exit(EXIT.failed);
  };
  const obey = (signal: string): void => {
    if (!stopping.signal.aborted) return end({ kind: "signal", signal });
    log.warn("stopped_at_once", { signal });
    host.exit(EXIT.failed);
  };
  const watch = (event: string, listener: (detail: unknown) => void): void => {
    host.on(event, listener);
    watched.defer(() => void host.off(event, listener));
  };

  for (const signal of SIGNALS) watch(signal, () => obey(signal));
  for (const [event, name] of Object.entries(CRASHES)) watch(event, (cause) => crash(name, cause));
  return { first: first.promise, stopping: stopping.signal, end, [Symbol.dispose]: () => watched.dispose() };
}
