import { backOff, type BackOff } from "@parley/concurrency/back-off";
import { Failure } from "@parley/contract/failure";

import type { ConsumeOptions } from "./consume-options.ts";
import { park, Unprocessable, type ParkReason } from "./park.ts";
import type { Settlement } from "./settle.ts";
import type { StreamMessage } from "./stream-message.ts";

/** A message that failed so often is copied to DEAD once, and tried on. */
const ATTEMPTS_BEFORE_COPY = 10;

/** What one try came to; `outage`: a dependency is down, so it was none and nothing is counted. */
export type Outcome = Settlement | { readonly kind: "outage" };

/** Tries a message once; `attempt` counts from 1. Throws only when DEAD cannot be written. */
export type Attempt = (message: StreamMessage, attempt: number) => Promise<Outcome>;

async function copyToDead(
  options: ConsumeOptions,
  message: StreamMessage,
  why: { reason: ParkReason; error: string },
): Promise<void> {
  const { broker, siteId, declaration, recorder } = options;
  const { process } = declaration;
  await park(broker, { message, siteId, process, ...why });
  recorder.count("messages_parked_total", { process, reason: why.reason });
}

async function parkMalformed(
  options: ConsumeOptions,
  message: StreamMessage,
  { message: problem }: Unprocessable,
): Promise<Settlement> {
  await copyToDead(options, message, { reason: "malformed", error: problem });
  const { stream, streamSequence: sequence } = message;
  options.log.error("message_parked", { stream, sequence, problem });
  return { kind: "parked" };
}

async function failed(
  options: ConsumeOptions,
  message: StreamMessage,
  what: { attempt: number; error: unknown; retryDelay: BackOff },
): Promise<Settlement> {
  const { attempt, error } = what;
  const { stream, streamSequence: sequence } = message;
  const isAnswer = error instanceof Failure && error.retryable;
  const about = { stream, sequence, attempt, consumer: options.declaration.durable };
  options.log[isAnswer ? "warn" : "error"]("message_failed", about, error);
  if (!isAnswer && attempt === ATTEMPTS_BEFORE_COPY)
    await copyToDead(options, message, {
      reason: "failing",
      error: error instanceof Error ? error.name : "a thrown value",
    });
  return { kind: "later", delayMs: what.retryDelay(attempt) };
}

/** Decides what becomes of a message whose handler throws; SPEC-rooms 10 says how. */
export function createAttempt(options: ConsumeOptions, delaysMs: readonly [number, ...number[]]): Attempt {
  const retryDelay = backOff({ delaysMs });
  return async (message, attempt) => {
    try {
      await options.handle(message);
      if (options.deliverTwice) await options.handle(message);
      return { kind: "done" };
    } catch (error) {
      if (!(await options.dependenciesUp())) return { kind: "outage" };
      if (error instanceof Unprocessable) return parkMalformed(options, message, error);
      return failed(options, message, { attempt, error, retryDelay });
    }
  };
}
