import { LOG_LEVELS, type Log, type LogFields, type LogLevel } from "@parley/contract/observe";

import { describeCause } from "./describe-cause.ts";
import { safeField } from "./safe-field.ts";

/**
 * A log of one JSON object per line: `at` (epoch milliseconds), `level`, `event`, `process`, `siteId`, then the fields,
 * then `cause`. What may be secret is replaced (`safe-field.ts`).
 */
export function createLog(of: {
  readonly process: string;
  readonly siteId: string;
  /** Entries below this level are dropped. */
  readonly level: LogLevel;
  /** Takes one line with its line feed; standard output unless told. */
  readonly write?: (line: string) => unknown;
}): Log {
  const { process: name, siteId, level: lowest, write = (line: string) => process.stdout.write(line) } = of;
  const isWritten = (level: LogLevel): boolean => LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(lowest);

  const writerOf =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}, cause?: unknown): void => {
      if (!isWritten(level)) return;
      const head = { at: Date.now(), level, event, process: name, siteId };
      const entry = {
        ...head,
        ...safeFields(fields),
        // Once more, for a field must not pass for what the log itself says; the order stays as above.
        ...head,
        ...(cause === undefined ? {} : { cause: describeCause(cause) }),
      };
      write(`${JSON.stringify(entry)}\n`);
    };

  return {
    debug: writerOf("debug"),
    info: writerOf("info"),
    warn: writerOf("warn"),
    error: writerOf("error"),
  };
}

const safeFields = (fields: LogFields) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, safeField(name, value)]));
