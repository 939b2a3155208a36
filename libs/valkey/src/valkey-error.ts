/**
 * What went wrong without what was sent: the client attaches the arguments of a refused command to its error, and
 * those hold sealed keys that belong in no log.
 */
export function valkeyError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error("Valkey failed without an error");
  const safe = new Error(error.message);
  safe.name = error.name;
  return safe;
}

/** For `.catch`: throws what was being done, with the reason as {@link valkeyError} leaves it. */
export const failedTo =
  (doing: string) =>
  (error: unknown): never => {
    throw new Error(doing, { cause: valkeyError(error) });
  };

/** Whether the server refused because the key holds a value of another type: a fault of that key alone. */
export const isWrongType = (error: Error): boolean => error.message.startsWith("WRONGTYPE ");

/** Whether the server does not hold the script of an `EVALSHA`. */
export const isScriptMissing = (error: Error): boolean => error.message.startsWith("NOSCRIPT ");

/** Whether the server answered with an error, as against not answering. */
export const isReplyError = (error: Error): boolean => error.name === "ReplyError";
