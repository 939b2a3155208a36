import { serialize } from "bson";

import { MongoError } from "../mongo-error.ts";
import { COMMANDS, type CommandName, GENERIC_FIELDS } from "../product-commands.ts";
import { assertDatabaseName } from "../storage/namespace.ts";
import type { BsonDocument } from "../values/bson-type.ts";
import { toNumber } from "../values/numbers.ts";
import { aggregate, count, distinct } from "./aggregate.ts";
import type { CommandContext, CommandHandler } from "./command.ts";
import { buildInfo, endSessions, hello, ping } from "./connection-commands.ts";
import { getMore, killCursors } from "./cursor-commands.ts";
import { deleteDocuments } from "./delete.ts";
import { explain } from "./explain.ts";
import { assertKnownFields, documentField, stringField } from "./fields.ts";
import { findAndModify } from "./find-and-modify.ts";
import { find } from "./find.ts";
import { createIndexes, dropIndexes, listIndexes } from "./index-commands.ts";
import { insert } from "./insert.ts";
import { create, drop, dropDatabase, listCollections, listDatabases } from "./namespace-commands.ts";
import { update } from "./update.ts";

const HANDLERS: Readonly<Record<CommandName, CommandHandler>> = {
  hello,
  isMaster: hello,
  ismaster: hello,
  ping,
  buildInfo,
  buildinfo: buildInfo,
  endSessions,
  insert,
  update,
  delete: deleteDocuments,
  find,
  getMore,
  killCursors,
  findAndModify,
  aggregate,
  count,
  distinct,
  create,
  createIndexes,
  listIndexes,
  dropIndexes,
  listCollections,
  drop,
  dropDatabase,
  listDatabases,
  explain,
};

/** Their replies wait for the disk, also when nothing changed: what they saw of others is then durable too. */
const WRITE_COMMANDS: ReadonlySet<string> = new Set<CommandName>([
  "insert",
  "update",
  "delete",
  "findAndModify",
  "create",
  "createIndexes",
  "dropIndexes",
  "drop",
  "dropDatabase",
]);

export interface CommandOutcome {
  /** The reply in BSON. */
  readonly reply: Uint8Array;
  /** The reply may be sent only when the journal is flushed. */
  readonly durable: boolean;
}

/** Runs one command; a refusal and even a mistake of this server become an error reply, never an exception. */
export function runCommand(context: Omit<CommandContext, "database">, command: BsonDocument): CommandOutcome {
  const name = Object.keys(command)[0] ?? "";
  const durable = WRITE_COMMANDS.has(name);
  try {
    const reply = handle(name, context, command);
    return { reply: reply instanceof Uint8Array ? reply : serialize({ ...reply, ok: 1 }), durable };
  } catch (error) {
    return { reply: errorReply(error), durable };
  }
}

const isCommand = (name: string): name is CommandName => Object.hasOwn(HANDLERS, name);

function handle(name: string, context: Omit<CommandContext, "database">, command: BsonDocument) {
  if (!isCommand(name)) throw new MongoError("CommandNotFound", `no such command: '${name}'`);
  const database = stringField(command, "$db");
  assertDatabaseName(database);
  if (Object.hasOwn(command, "txnNumber")) {
    throw new MongoError(
      "IllegalOperation",
      "Transaction numbers are only allowed on a replica set member or mongos",
    );
  }
  assertKnownFields(command, [name, ...COMMANDS[name], ...GENERIC_FIELDS], name);
  assertWriteConcern(documentField(command, "writeConcern"));
  return HANDLERS[name]({ ...context, database }, command);
}

function assertWriteConcern({ w }: BsonDocument): void {
  const nodes = toNumber(w) ?? 1;
  if (nodes > 1) throw new MongoError("BadValue", "cannot use 'w' > 1 when a host is not replicated");
}

/** The error as drivers read it. The text of an unexpected one stays here: it may hold data. */
export function errorReply(error: unknown): Uint8Array {
  const known = error instanceof MongoError ? error : new MongoError("InternalError", describe(error));
  const { message: errmsg, code, codeName, details } = known;
  return serialize({ ok: 0, errmsg, code, codeName, ...details });
}

const describe = (error: unknown): string =>
  `the embedded server failed: ${error instanceof Error ? error.name : "unknown"}`;
