import type { CounterName, GaugeName, HistogramName, Labels } from "./metric-names.ts";

/** From talkative to silent; a log writes its own level and every one after it. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts beside a log entry. Never key material, passwords or message content. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Where a process says what happened. `event` is a fixed snake_case word; what varies goes into `fields`. `cause` is
 * the exception behind the entry and is written with its chain of causes. Never throws.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields, cause?: unknown): void;
  error(event: string, fields?: LogFields, cause?: unknown): void;
}

/** A metric without labels takes none, one with labels takes all of them. */
type CountArguments<Name extends CounterName> = [keyof Labels<Name>] extends [never]
  ? [labels?: Readonly<Record<string, never>>, by?: number]
  : [labels: Labels<Name>, by?: number];
type RecordArguments<Name extends HistogramName> = [keyof Labels<Name>] extends [never]
  ? [labels?: Readonly<Record<string, never>>]
  : [labels: Labels<Name>];

/** Where a process counts and measures, under the names of `METRICS` only. Never throws. */
export interface Recorder {
  /** Adds `by` (1 unless told, never negative) to a counter. */
  count<Name extends CounterName>(name: Name, ...rest: CountArguments<Name>): void;
  /** Records one measurement in the unit of the metric's name. */
  record<Name extends HistogramName>(name: Name, value: number, ...rest: RecordArguments<Name>): void;
  /** Has `read` asked for the value whenever metrics are collected, until disposed. */
  gauge<Name extends GaugeName>(name: Name, labels: Labels<Name>, read: () => number): Disposable;
}
