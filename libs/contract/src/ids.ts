import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A line feed cannot occur in a token, so joining with it is unambiguous (SPEC-rooms 1.1). */
const lines = (...parts: readonly (string | number)[]): string => parts.join("\n");

/** UTF-16 writes what lies beyond its first plane with units that are lower than the last of that plane. */
const SURROGATES_FROM = 0xd800;
const AFTER_SURROGATES = 0xe000;
const ABOVE_EVERY_UNIT = 0x10000;

/** A UTF-16 unit raised so that units are in the order of the code points they stand for or begin. */
const rankOf = (unit: number): number =>
  unit >= SURROGATES_FROM && unit < AFTER_SURROGATES ? unit + ABOVE_EVERY_UNIT : unit;

/**
 * Order of UTF-8 bytes, which is that of code points: what "sorted by byte" means everywhere. Differs from JavaScript's
 * UTF-16 order. Makes no bytes: a roster is sorted with every event.
 */
export function byteOrder(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const [unitOfA, unitOfB] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (unitOfA !== unitOfB) return rankOf(unitOfA) - rankOf(unitOfB);
  }
  return a.length - b.length;
}

/**
 * Derived id: SHA-256 of the UTF-8 text, its first 16 bytes as a big-endian integer modulo 62^length, digits
 * `0-9A-Za-z`, left-padded with `0` (SPEC-rooms 1.1).
 */
export function base62(text: string, length: number): string {
  let rest = BigInt(`0x${bytesToHex(sha256(utf8ToBytes(text)).subarray(0, 16))}`) % 62n ** BigInt(length);
  let digits = "";
  while (rest > 0n) {
    digits = `${DIGITS[Number(rest % 62n)]}${digits}`;
    rest /= 62n;
  }
  return digits.padStart(length, "0");
}

const USER_ID_LENGTH = 17;

/** The id of a user whose directory line names none. */
export const userIdOf = (account: string): string => base62(lines("user", account), USER_ID_LENGTH);

/** The id of the channel that this request creates: a repeat, however late, meets the same room. */
export const channelIdOf = (of: { siteId: string; account: string; requestId: string }): string =>
  base62(lines("room", of.siteId, of.account, of.requestId), 17);

/** The id of the direct message of two users, the same from either side. */
export const directRoomIdOf = (userIds: readonly [string, string]): string =>
  userIds.toSorted(byteOrder).join("");

/** The id of a system message: 22 characters, so no client can take it first. */
export const systemMessageIdOf = (of: { roomId: string; revision: number; type: string }): string =>
  base62(lines("sys", of.roomId, of.revision, of.type), 22);

/** The two users whose direct message has this id, in the order of their ids. `undefined`: a channel's, or nobody's. */
export function directUserIdsOf(roomId: string): readonly [string, string] | undefined {
  const [first, second] = [roomId.slice(0, USER_ID_LENGTH), roomId.slice(USER_ID_LENGTH)];
  const isPair = second.length === USER_ID_LENGTH && byteOrder(first, second) < 0;
  return isPair ? [first, second] : undefined;
}

function uuidOf(bytes: Uint8Array): string {
  const marked = bytes.slice(0, 16);
  marked[6] = ((marked[6] ?? 0) & 0x0f) | 0x70;
  marked[8] = ((marked[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytesToHex(marked);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Random bytes are fetched for many ids at once: to ask the system for each costs more than all the rest of an id. */
const POOL_BYTES = 4096;
const pool = new Uint8Array(POOL_BYTES);
let poolUsed = POOL_BYTES;

/** Unpredictable bytes for ids; keys and nonces come from the crypto suite. `length` is far below the pool's. */
export function randomIdBytes(length: number): Uint8Array {
  if (poolUsed + length > POOL_BYTES) {
    crypto.getRandomValues(pool);
    poolUsed = 0;
  }
  poolUsed += length;
  return pool.slice(poolUsed - length, poolUsed);
}

/** A fresh UUID of version 7 (RFC 9562, 5.7). `at` is epoch milliseconds. */
export function uuidV7(at: number = Date.now()): string {
  const bytes = randomIdBytes(16);
  new DataView(bytes.buffer).setUint32(0, Math.floor(at / 2 ** 16));
  new DataView(bytes.buffer).setUint16(4, at % 2 ** 16);
  return uuidOf(bytes);
}

/** A fresh id for a message of a client: 20 base62 characters, about 119 random bits. */
export function newMessageId(): string {
  const random = crypto.getRandomValues(new Uint8Array(20 + 16));
  return base62(bytesToHex(random), 20);
}

/** The request id under which a lost key version is rotated, the same whoever asks (SPEC-rooms 1.1). */
export const ensureKeyRequestIdOf = (of: { roomId: string; keyVersion: number }): string =>
  uuidOf(sha256(utf8ToBytes(lines("ensure", of.roomId, of.keyVersion))));

/**
 * The request id under which a disabled account leaves a room, or the room it leaves deserted is closed: the same however
 * often it is asked, another once the account has joined anew (`joinedAt`, epoch ms).
 */
export const retireRequestIdOf = (of: {
  step: "retire" | "close";
  roomId: string;
  account: string;
  joinedAt: number;
}): string => uuidOf(sha256(utf8ToBytes(lines(of.step, of.roomId, of.account, of.joinedAt))));
