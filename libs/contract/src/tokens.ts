import { z } from "zod";

/** What no token of any kind may hold: subject syntax, quotes, whitespace and control characters (SPEC-rooms 1.1). */
const FORBIDDEN = /[.*>"\\\s\p{Cc}]/u;
const HANDLE_BYTES_MAX = 64;
const encoder = new TextEncoder();

/** Words that stand at the place of a site in some subject, so no site may be named so. */
const RESERVED_SITES: ReadonlySet<string> = new Set([
  "event",
  "local",
  "canonical",
  "request",
  "server",
  "_",
]);

/** Half a surrogate pair has no UTF-8: stored, it would become another character. */
const isHandle = (text: string): boolean =>
  text !== "" &&
  text.isWellFormed() &&
  !FORBIDDEN.test(text) &&
  text === text.normalize("NFC") &&
  encoder.encode(text).length <= HANDLE_BYTES_MAX;

export const isSiteId = (text: string): boolean =>
  /^[a-z0-9-]{1,32}$/.test(text) && !RESERVED_SITES.has(text);
export const isAccount = isHandle;
const isOrgId = isHandle;
const isUserId = (text: string): boolean => /^[0-9A-Za-z]{17}$/.test(text);
/** Messages of clients have exactly 20 characters, system messages 22, so no guessed id can suppress one of ours. */
const isClientMessageId = (text: string): boolean => /^[0-9A-Za-z]{20}$/.test(text);
const isMessageId = (text: string): boolean => /^(?:[0-9A-Za-z]{20}|[0-9A-Za-z]{22})$/.test(text);
const isRoomId = (text: string): boolean => /^(?:[0-9A-Za-z]{17}|[0-9A-Za-z]{34})$/.test(text);
const UUID_V4_OR_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const isRequestId = (text: string): boolean => UUID_V4_OR_V7.test(text);
const isWord = (text: string): boolean => /^[a-z0-9][a-z0-9_-]{0,63}$/.test(text);
const isPartition = (text: string): boolean => /^\d{1,4}$/.test(text);

/** One check per token name that a subject template may use. */
const TOKEN_CHECKS = {
  account: isAccount,
  dest: isSiteId,
  fromSite: isSiteId,
  homeSite: isSiteId,
  messageId: isMessageId,
  orgId: isOrgId,
  partition: isPartition,
  process: isWord,
  reason: isWord,
  requestId: isRequestId,
  roomId: isRoomId,
  siteId: isSiteId,
  type: isWord,
} as const satisfies Record<string, (text: string) => boolean>;

export type TokenName = keyof typeof TOKEN_CHECKS;

/** Whether `value` may stand in a subject at the place of the token `name`. */
export const isToken = (name: TokenName, value: string): boolean => TOKEN_CHECKS[name](value);

const token = (check: (text: string) => boolean, message: string) => z.string().refine(check, { message });

export const accountName = token(isAccount, "must be an account: 1-64 bytes, no dots, blanks or wildcards");
export const orgId = token(isOrgId, "must be an organisation id: 1-64 bytes, no dots, blanks or wildcards");
export const siteId = token(isSiteId, "must be a site id: 1-32 characters of a-z, 0-9 and -");
export const userId = token(isUserId, "must be a user id: 17 letters or digits");
export const roomId = token(isRoomId, "must be a room id: 17 or 34 letters or digits");
export const messageId = token(isMessageId, "must be a message id: 20 letters or digits");
export const clientMessageId = token(isClientMessageId, "must be a message id: exactly 20 letters or digits");
export const requestId = token(isRequestId, "must be a hyphenated UUID of version 4 or 7");
