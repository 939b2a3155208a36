import { safeText } from "./safe-field.ts";

/** Causes of causes, and errors side by side, are followed this far. */
const DEPTH_MAX = 5;
const ERRORS_MAX = 5;

/** An exception as a log shows it. */
export interface DescribedCause {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: DescribedCause;
  /** Of an aggregate, its first errors. */
  readonly errors?: readonly DescribedCause[];
}

/** Whatever was thrown, with its chain of causes. Of an object that is no `Error` only the kind is told. */
export function describeCause(thrown: unknown, depth = 1): DescribedCause {
  if (!(thrown instanceof Error)) return { name: typeof thrown, message: messageOfOther(thrown) };
  const code = "code" in thrown ? thrown.code : undefined;
  const next = (cause: unknown): DescribedCause => describeCause(cause, depth + 1);
  const deeper = depth < DEPTH_MAX;
  return {
    name: thrown.name,
    message: safeText(thrown.message),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(thrown.stack === undefined ? {} : { stack: safeText(thrown.stack) }),
    ...(deeper && thrown.cause !== undefined ? { cause: next(thrown.cause) } : {}),
    ...(deeper && thrown instanceof AggregateError
      ? { errors: thrown.errors.slice(0, ERRORS_MAX).map((error: unknown) => next(error)) }
      : {}),
  };
}

function messageOfOther(thrown: unknown): string {
  if (typeof thrown === "string") return safeText(thrown);
  return typeof thrown === "object" && thrown !== null ? "an object that is no Error" : String(thrown);
}
