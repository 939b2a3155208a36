import { MongoBulkWriteError, MongoServerError } from "mongodb";

const DUPLICATE_KEY = 11000;

/** Whether a write was refused because a row with that unique value stands. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Whether standing rows are the only thing that went wrong with an unordered bulk write: all others were written. */
export function areDuplicateKeys(error: unknown): error is MongoBulkWriteError {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) return false;
  // Not `result.getWriteErrors()`: that still lists refusals when what ended the write is a lost connection.
  const refused = [error.writeErrors].flat();
  return refused.length > 0 && refused.every((each) => each.code === DUPLICATE_KEY);
}
