import type { Cursors } from "../cursors.ts";
import type { DataStore } from "../storage/data-store.ts";
import type { BsonDocument } from "../values/bson-type.ts";

export interface CommandContext {
  readonly store: DataStore;
  readonly cursors: Cursors;
  /** `$db` of the command. */
  readonly database: string;
  readonly connectionId: number;
}

/** Fields beside `ok`, or a whole reply already in BSON. */
type CommandReply = BsonDocument | Uint8Array;

/** Runs a command at once and completely; what it changed is in the journal's queue when it returns. */
export type CommandHandler = (context: CommandContext, command: BsonDocument) => CommandReply;
