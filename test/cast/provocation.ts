import { ParleyError } from "@parley/client/client";
import { type FailureReason, REASONS } from "@parley/contract/failure";
import { expect } from "vitest";

/** What a client was told when its request was refused. */
interface Refusal {
  readonly error: ParleyError;
  /** What SPEC-rooms 1.6 promises beside the reason, in the words of this very case. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** Brings a refusal about in a stack that is set up for it; leaves that so that the others of its table can follow. */
export type Provocation<Stage> = (stage: Stage) => Promise<Refusal>;

/** Reasons, each with what provokes it. */
export type Provocations<Stage> = Readonly<Partial<Record<FailureReason, Provocation<Stage>>>>;

/** One attempt: what would be repeated is to be seen. */
export const ONCE = { deadlineMs: 0 } as const;

/** Waits for a request to be refused; `metadata` is what the refusal is to carry. Throws when it is accepted. */
export async function refused(
  attempt: Promise<unknown>,
  metadata?: Readonly<Record<string, unknown>>,
): Promise<Refusal> {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof ParleyError) return { error: outcome, metadata };
  throw new Error("the request was not refused", { cause: outcome });
}

/** The first of several requests that is refused for this reason. Throws when none is. */
export async function firstRefused(
  attempts: readonly Promise<unknown>[],
  reason: FailureReason,
): Promise<Refusal> {
  const refusals = attempts.map(async (attempt) => {
    const refusal = await refused(attempt);
    if (refusal.error.reason === reason) return refusal;
    throw refusal.error;
  });
  return Promise.any(refusals);
}

/** The rows of a table, as a test for each takes them. */
export const rowsOf = <Stage>(
  provocations: Provocations<Stage>,
): readonly (readonly [FailureReason, Provocation<Stage>])[] =>
  Object.entries(provocations) as [FailureReason, Provocation<Stage>][];

const isRepeatable = (code: string): boolean => code === "unavailable" || code === "too_many_requests";

/** The client was told this reason with its code, its sentence and exactly the metadata that belong to it. */
export function expectTold(reason: FailureReason, { error, metadata }: Refusal): void {
  const { code, message } = REASONS[reason];
  expect({ reason: error.reason, code: error.code, message: error.message }).toEqual({
    reason,
    code,
    message,
  });
  const wait = isRepeatable(code) ? { retryAfterMs: expect.any(Number) } : undefined;
  expect(error.metadata).toEqual(wait || metadata ? { ...wait, ...metadata } : undefined);
}
