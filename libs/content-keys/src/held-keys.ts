/** Values by name, each forgotten after a fixed time whether it was used or not. */
export interface HeldKeys<V> {
  get(name: string): V | undefined;
  set(name: string, value: V): void;
  readonly size: number;
}

interface Entry<V> {
  readonly value: V;
  /** By the monotonic clock (ms). */
  readonly until: number;
}

/**
 * Holds at most `entriesMax` values for `heldMs` each; beyond that the one held longest goes. All are held equally
 * long, so a map's order is that of their ends. A timer takes out what nobody asks for; it keeps no process alive.
 */
export function createHeldKeys<V>(options: {
  readonly entriesMax: number;
  readonly heldMs: number;
}): HeldKeys<V> {
  const { entriesMax, heldMs } = options;
  const entries = new Map<string, Entry<V>>();
  let timer: NodeJS.Timeout | undefined;
  const sweep = (): void => {
    const now = performance.now();
    for (const [name, { until }] of entries) {
      if (until > now) break;
      entries.delete(name);
    }
    timer = undefined;
    if (entries.size > 0) schedule();
  };
  const schedule = (): void => {
    timer ??= setTimeout(sweep, heldMs).unref();
  };
  return {
    get(name) {
      const entry = entries.get(name);
      return entry !== undefined && entry.until > performance.now() ? entry.value : undefined;
    },
    set(name, value) {
      entries.delete(name);
      entries.set(name, { value, until: performance.now() + heldMs });
      const oldest = entries.keys().next();
      if (entries.size > entriesMax && oldest.done !== true) entries.delete(oldest.value);
      schedule();
    },
    get size() {
      return entries.size;
    },
  };
}
