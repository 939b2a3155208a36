import assert from "node:assert/strict";

import type { Log } from "@parley/contract/observe";

import { pause } from "@parley/concurrency/pause";
import { untilAborted } from "./until-aborted.ts";

/** A dependency counts as there while its last answer is at most this old (SPEC-rooms 9.1). */
const ANSWER_AGE_MS_MAX = 5000;
const PING_EVERY_MS = 2000;

/** `detail` is for the operator who reads `/readyz`: no addresses, no secrets. */
export interface Check {
  readonly ok: boolean;
  readonly detail?: string;
}

/** A dependency that is pinged until disposed. */
export interface Ping extends Disposable {
  /** Whether it answered within the last 5 s. */
  isAnswering(): boolean;
  /** Whether the newest ping failed: loops stop pulling at once, readiness goes red later. */
  isFailing(): boolean;
}

/** What must hold for a process to be sent work. */
export interface Readiness extends Disposable {
  /** Adds a check under a name of its own; disposing the result removes it. */
  register(name: string, check: () => Check): Disposable;
  /** Pings now and then every `everyMs` (2000 unless told), and registers the check that it answers. */
  pingEvery(name: string, ping: (signal: AbortSignal) => Promise<unknown>, everyMs?: number): Ping;
  /** Every check as it stands now. Ready only if each one passes. */
  report(): { readonly ready: boolean; readonly checks: Readonly<Record<string, Check>> };
}

export function createReadiness({ log }: { readonly log: Log }): Readiness {
  const checks = new Map<string, () => Check>();
  const pings = new DisposableStack();

  const register = (name: string, check: () => Check): Disposable => {
    assert(!checks.has(name), `the check ${name} is registered twice`);
    checks.set(name, check);
    return { [Symbol.dispose]: () => void checks.delete(name) };
  };

  const run = (name: string, check: () => Check): Check => {
    try {
      return check();
    } catch (cause) {
      log.error("readiness_check_failed", { check: name }, cause);
      return { ok: false, detail: "the check itself failed" };
    }
  };

  return {
    register,
    pingEvery(name, ping, everyMs = PING_EVERY_MS) {
      const state = startPing({ log, name, ping, everyMs });
      const check = register(name, state.check);
      const dispose = (): void => {
        state.stop();
        check[Symbol.dispose]();
      };
      return pings.use({
        isAnswering: () => state.check().ok,
        isFailing: state.isFailing,
        [Symbol.dispose]: dispose,
      });
    },
    report() {
      const results = [...checks].map(([name, check]) => [name, run(name, check)] as const);
      return { ready: results.every(([, { ok }]) => ok), checks: Object.fromEntries(results) };
    },
    [Symbol.dispose]: () => pings.dispose(),
  };
}

interface Pinged {
  readonly log: Log;
  readonly name: string;
  readonly ping: (signal: AbortSignal) => Promise<unknown>;
  readonly everyMs: number;
}

function startPing({ log, name, ping, everyMs }: Pinged): {
  check: () => Check;
  isFailing: () => boolean;
  stop: () => void;
} {
  const ended = new AbortController();
  let answeredAt: number | undefined;
  let failing = false;

  const attempt = async (): Promise<void> => {
    // A ping that never settles must not keep later ones from being sent.
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ANSWER_AGE_MS_MAX)]);
    try {
      await untilAborted(ping(signal), signal);
      answeredAt = performance.now();
      if (failing) log.info("dependency_answers", { dependency: name });
      failing = false;
    } catch (cause) {
      if (!failing && !ended.signal.aborted) log.warn("dependency_silent", { dependency: name }, cause);
      failing = true;
    }
  };
  const loop = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await attempt();
      await pause(everyMs, ended.signal);
    }
  };
  void loop();

  return {
    check() {
      if (answeredAt === undefined) return { ok: false, detail: "has not answered yet" };
      const ageMs = performance.now() - answeredAt;
      if (ageMs <= ANSWER_AGE_MS_MAX) return { ok: true };
      return { ok: false, detail: `last answered ${Math.round(ageMs / 1000)} s ago` };
    },
    isFailing: () => failing,
    stop: () => ended.abort(),
  };
}
