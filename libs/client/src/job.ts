import type { JobResult } from "@parley/contract/room-requests";
import type { CommandReply } from "@parley/contract/shapes";

import type { RoomReference } from "./client-events.ts";
import type { Clock } from "./clock.ts";
import type { JobResults } from "./job-results.ts";
import { errorOfReply, ParleyError } from "./parley-error.ts";
import { withJitter } from "./retry-policy.ts";

/** How a request ended; without `revision` nothing had to change. */
export interface JobOutcome extends RoomReference {
  readonly requestId: string;
  readonly revision?: number | undefined;
  /** The event's moment (epoch ms), when a job result told it. */
  readonly at?: number | undefined;
}

/** A request that was accepted, or had nothing to do. */
export interface Job extends RoomReference {
  readonly requestId: string;
  readonly status: CommandReply["status"];
  readonly revision?: number | undefined;
  /**
   * Resolves once the request is true everywhere at the room's home: its job result came, or a repeat said `done`.
   * Rejects with a {@link ParleyError} for a job that failed, or after 10 minutes without an outcome.
   */
  readonly done: Promise<JobOutcome>;
}

/** Waits for a result before the request is repeated (ms); the last one goes on until the deadline. */
const PATIENCE_MS = [5000, 10_000, 15_000, 30_000, 60_000] as const;
/** The same for `exists`, which no job result follows: only a repeat tells that the room is there. */
const EXISTS_PATIENCE_MS = [250, 500, 1000, 2000, 5000] as const;
const DEADLINE_MS = 600_000;

interface JobDeps {
  readonly results: JobResults;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Started {
  readonly siteId: string;
  readonly reply: CommandReply;
  /** Sends the same request with the same id again. */
  readonly repeat: () => Promise<CommandReply>;
}

function outcomeOf(siteId: string, result: JobResult): JobOutcome {
  const { requestId, roomId, revision, at } = result;
  if (result.status === "ok") return { requestId, roomId, siteId, revision, at };
  throw errorOfReply(result, requestId);
}

const isFinal = (reply: CommandReply): boolean => reply.status === "unchanged" || reply.done === true;

async function repeated(repeat: Started["repeat"]): Promise<CommandReply | undefined> {
  try {
    return await repeat();
  } catch (error) {
    if (error instanceof ParleyError && error.retryable) return undefined;
    throw error;
  }
}

async function awaitDone(deps: JobDeps, { siteId, reply, repeat }: Started): Promise<JobOutcome> {
  const { results, clock } = deps;
  const { requestId, roomId, revision } = reply;
  if (isFinal(reply)) return { requestId, roomId, siteId, revision };
  const expected = results.expect({ requestId, siteId });
  const startedAt = clock.now();
  const patience = reply.status === "exists" ? EXISTS_PATIENCE_MS : PATIENCE_MS;
  const settled = new AbortController();
  const signal = AbortSignal.any([deps.signal, settled.signal]);
  try {
    for (let turn = 0; clock.now() - startedAt < DEADLINE_MS; turn += 1) {
      const patienceMs = withJitter(patience[Math.min(turn, patience.length - 1)] ?? 0, clock.random());
      const result = await Promise.race([expected.result, clock.sleep(patienceMs, signal)]);
      if (result) return outcomeOf(siteId, result);
      const again = await repeated(repeat);
      if (again !== undefined && isFinal(again))
        return { requestId, roomId, siteId, revision: again.revision };
    }
  } finally {
    expected.stop();
    settled.abort();
  }
  throw new ParleyError("The request was accepted; its outcome is not known yet.", {
    code: "unavailable",
    requestId,
  });
}

/** The job that an answered command started. A result that was missed is found by repeating the request (1.7). */
export function followJob(deps: JobDeps, started: Started): Job {
  const { requestId, roomId, status, revision } = started.reply;
  const done = awaitDone(deps, started);
  // Who does not wait for the outcome must not be ended by it.
  done.catch(() => "told to whoever awaits done");
  return { requestId, roomId, siteId: started.siteId, status, revision, done };
}
