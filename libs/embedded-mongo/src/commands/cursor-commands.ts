import { Long } from "bson";

import { MongoError } from "../mongo-error.ts";
import { namespaceOf } from "../storage/namespace.ts";
import { isNumeric, toBigInt } from "../values/numbers.ts";
import type { CommandHandler } from "./command.ts";
import { arrayField, countField } from "./fields.ts";

export const getMore: CommandHandler = ({ cursors, database }, command) =>
  cursors.more(cursorId(command["getMore"]), {
    namespace: namespaceOf(database, command["collection"]),
    batchSize: countField(command, "batchSize"),
  });

export const killCursors: CommandHandler = ({ cursors, database }, command) => {
  const namespace = namespaceOf(database, command["killCursors"]);
  const cursorsKilled: Long[] = [];
  const cursorsNotFound: Long[] = [];
  for (const value of arrayField(command, "cursors")) {
    const id = cursorId(value);
    (cursors.kill(id, namespace) ? cursorsKilled : cursorsNotFound).push(Long.fromBigInt(id));
  }
  return { cursorsKilled, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [] };
};

function cursorId(value: unknown): bigint {
  if (!isNumeric(value)) throw new MongoError("TypeMismatch", "a cursor id must be a number");
  return toBigInt(value);
}
