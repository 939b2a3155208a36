/** Far longer than anything that is measured takes (ms). */
const PATIENCE_MS = 30_000;

/** What `promise` resolves with. Rejects, naming `what` did not happen, after 30 s. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what} did not happen within ${PATIENCE_MS / 1_000} s`)),
    PATIENCE_MS,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
