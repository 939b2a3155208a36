import { DOCUMENT_BYTES_MAX } from "../storage/stored-document.ts";
import { MESSAGE_BYTES_MAX } from "../wire/frames.ts";
import type { CommandHandler } from "./command.ts";

/** The MongoDB version whose protocol is spoken: 7.0, wire version 21. */
const VERSION = [7, 0, 0, 0] as const;
const WIRE_VERSION_MAX = 21;
const WRITE_STATEMENTS_MAX = 100_000;
const SESSION_MINUTES = 30;

/**
 * Presents the server as a standalone one: drivers then send sessions and write concerns, but no transactions and no
 * retryable writes. No `topologyVersion`: monitors poll. No compressors, no authentication.
 */
export const hello: CommandHandler = ({ connectionId }, command) => ({
  helloOk: true,
  ...(Object.hasOwn(command, "hello") ? { isWritablePrimary: true } : { ismaster: true }),
  maxBsonObjectSize: DOCUMENT_BYTES_MAX,
  maxMessageSizeBytes: MESSAGE_BYTES_MAX,
  maxWriteBatchSize: WRITE_STATEMENTS_MAX,
  localTime: new Date(),
  logicalSessionTimeoutMinutes: SESSION_MINUTES,
  connectionId,
  minWireVersion: 0,
  maxWireVersion: WIRE_VERSION_MAX,
  readOnly: false,
});

export const ping: CommandHandler = () => ({});

/** `modules` names this server, so that anybody who asks can tell it from MongoDB. */
export const buildInfo: CommandHandler = () => ({
  version: VERSION.slice(0, 3).join("."),
  versionArray: [...VERSION],
  modules: ["parley-embedded-mongo"],
  maxBsonObjectSize: DOCUMENT_BYTES_MAX,
});

export const endSessions: CommandHandler = () => ({});
