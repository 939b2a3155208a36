import type { Log, LogFields } from "@parley/contract/observe";

/** What this library's own tests see of a log: the names of entries in order, and each entry's cause. */
export function recordingLog(): Log & { readonly events: string[]; readonly causes: unknown[] } {
  const events: string[] = [];
  const causes: unknown[] = [];
  const take = (event: string, _fields?: LogFields, cause?: unknown): void => {
    events.push(event);
    causes.push(cause);
  };
  return { debug: take, info: take, warn: take, error: take, events, causes };
}
