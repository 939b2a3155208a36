import { Failure } from "@parley/contract/failure";
import {
  MongoBulkWriteError,
  MongoClientClosedError,
  MongoError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoOperationTimeoutError,
  MongoServerClosedError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from "mongodb";

/**
 * Answers of a server that lives but cannot serve now: interrupted, stepping down, shutting down, over its time, or
 * without the majority a write asks for. Numbers and names: MongoDB's error codes, the "not primary" and "node is
 * recovering" groups of its server discovery specification.
 */
const UNAVAILABLE_CODES: ReadonlySet<unknown> = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  50, // MaxTimeMSExpired
  64, // WriteConcernTimeout
  89, // NetworkTimeout
  91, // ShutdownInProgress
  100, // UnsatisfiableWriteConcern
  189, // PrimarySteppedDown
  262, // ExceededTimeLimit
  9001, // SocketException
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
]);

const CONNECTION_ERRORS = [
  MongoNetworkError,
  MongoServerSelectionError,
  MongoOperationTimeoutError,
  MongoNotConnectedError,
  MongoServerClosedError,
  MongoTopologyClosedError,
  MongoClientClosedError,
  MongoWriteConcernError,
] as const;

/** Errors of the driver's connection pool; it exports no classes for them. */
const POOL_ERRORS: ReadonlySet<string> = new Set(["MongoPoolClosedError", "MongoWaitQueueTimeoutError"]);

/** What the operating system says of a connection that is gone; the driver lets such an error through as it is. */
const SOCKET_CODES: ReadonlySet<unknown> = new Set([
  "EPIPE",
  "ECONNRESET",
  "ECONNREFUSED",
  "ETIMEDOUT",
  "EHOSTUNREACH",
]);

/** Whether the store could not be asked or could not serve, as opposed to a question that is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof MongoError))
    return error instanceof Error && "code" in error && SOCKET_CODES.has(error.code);
  // A bulk write hands on what ended it as its "response", be it an error of the connection.
  if (error instanceof MongoBulkWriteError && isUnavailable(error.errorResponse)) return true;
  return (
    CONNECTION_ERRORS.some((known) => error instanceof known) ||
    POOL_ERRORS.has(error.name) ||
    UNAVAILABLE_CODES.has(error.code)
  );
}

/**
 * Runs one call of a store; `what` names it in present participle ("finding a room").
 *
 * @throws Failure `store_unavailable` when MongoDB is away, times out or lacks its majority; a `Failure` of `call` as it
 *   is; anything else as an `Error` that names `what`, with the cause: that is an accident of ours
 */
export async function storeCall<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    if (isUnavailable(cause)) {
      throw new Failure("store_unavailable", { detail: `MongoDB does not answer: ${what}`, cause });
    }
    throw new Error(`MongoDB refused: ${what}`, { cause });
  }
}
