import type { Log, LogFields, LogLevel } from "@parley/contract/observe";

export interface LogEntry {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
  readonly cause: unknown;
}

/** A log that keeps its entries in memory. */
export interface MemoryLog extends Log {
  readonly entries: readonly LogEntry[];
  /** The names of the entries, in order. */
  events(): readonly string[];
}

/** For tests that ask what was logged. */
export function createMemoryLog(): MemoryLog {
  const entries: LogEntry[] = [];
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}, cause?: unknown): void => {
      entries.push({ level, event, fields, cause });
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    entries,
    events: () => entries.map(({ event }) => event),
  };
}
