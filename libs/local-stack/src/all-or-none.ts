import type { ManagedProcess } from "./managed-process.ts";

/**
 * Waits for several starts; when one fails, ends those that came up before it throws.
 *
 * @throws the first failure
 */
export async function allOrNone<const T extends readonly ManagedProcess[]>(starts: {
  readonly [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  const outcomes = await Promise.allSettled<ManagedProcess>(starts);
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure !== undefined) {
    const started = outcomes.filter((outcome) => outcome.status === "fulfilled");
    await Promise.all(started.map(({ value }) => value.stop()));
    throw failure.reason;
  }
  return Promise.all(starts);
}
