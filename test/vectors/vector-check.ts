import { OpenError, type OpenErrorReason } from "@parley/room-crypto/open-error";

/** One way of trying a vector. It runs in Node and in browsers alike. */
export interface VectorCheck<V> {
  /** Which implementation is tried. */
  readonly by: string;
  /** Whether this implementation can judge the vector; all of them without it. */
  readonly covers?: (vector: V) => boolean;
  /** Throws, or rejects, when the vector does not hold. */
  readonly check: (vector: V) => void | Promise<void>;
}

/** The value as JSON, in which the order of fields makes no difference. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );

/** @throws when the two are not the same JSON; `what` names the value */
export function assertSame(what: string, actual: unknown, expected: unknown): void {
  const [is, should] = [canonical(actual), canonical(expected)];
  if (is !== should) throw new Error(`${what} is ${is}, and should be ${should}`);
}

/** @throws when the attempt succeeds, or fails for any reason but this one of an {@link OpenError} */
export function assertNotOpened(attempt: () => unknown, reason: OpenErrorReason): void {
  assertSame("the reason", reasonOf(attempt), reason);
}

function reasonOf(attempt: () => unknown): OpenErrorReason | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof OpenError) return error.reason;
    throw error;
  }
}

/** @throws when the attempt succeeds, or fails for any reason but one of WebCrypto's own */
export async function assertRefusedByWebCrypto(attempt: Promise<unknown>): Promise<void> {
  const [outcome] = await Promise.allSettled([attempt]);
  if (outcome.status === "fulfilled") throw new Error("it opened");
  if (!(outcome.reason instanceof DOMException)) throw outcome.reason;
}

/** Whether the form of a body is right, which is all that WebCrypto can judge the rest of. */
export const isWellFormed = (parse: () => unknown): boolean => reasonOf(parse) === undefined;
