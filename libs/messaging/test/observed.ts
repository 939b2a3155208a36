import type { Log, LogFields, Recorder } from "@parley/contract/observe";

interface Entry {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
  readonly cause: unknown;
}

/** A log and a recorder that keep what they are told. */
export interface Observed {
  readonly log: Log;
  readonly recorder: Recorder;
  readonly entries: readonly Entry[];
  /** The sum of a counter, of all labels unless one is named as `label=value`. */
  readonly total: (counter: string, label?: string) => number;
  /** The names of the gauges that are registered now. */
  readonly gauges: ReadonlySet<string>;
}

export function observed(): Observed {
  const entries: Entry[] = [];
  const counts: { readonly name: string; readonly labels: readonly string[]; readonly by: number }[] = [];
  const gauges = new Set<string>();
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}, cause?: unknown): void =>
      void entries.push({ level, event, fields, cause });
  return {
    entries,
    gauges,
    log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    recorder: {
      count: (name, labels: Readonly<Record<string, string>> = {}, by = 1) =>
        void counts.push({ name, by, labels: Object.entries(labels).map((pair) => pair.join("=")) }),
      record: () => {},
      gauge: (name) => {
        gauges.add(name);
        return { [Symbol.dispose]: () => void gauges.delete(name) };
      },
    },
    total: (counter, label) =>
      counts
        .filter(({ name, labels }) => name === counter && (label === undefined || labels.includes(label)))
        .reduce((sum, { by }) => sum + by, 0),
  };
}
