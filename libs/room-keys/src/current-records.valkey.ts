import { KeyRecordError } from "@parley/room-crypto/key-record";
import type { ValkeyClient } from "@parley/valkey/connect-valkey";
import { roomKeyNames } from "@parley/valkey/keys";
import { type HashRead, readHashes } from "@parley/valkey/read-hashes";

import type { RoomEntries, RoomEntry } from "./room-key-store.ts";

/** A record as it is stored, still sealed. */
export interface StoredRecord {
  readonly roomId: string;
  readonly version: number;
  /** Empty when only the version was read. */
  readonly record: string;
}

interface CurrentRecordsQuery<T> {
  readonly roomIds: readonly string[];
  readonly fields: readonly ["ver"] | readonly ["ver", "rec"];
  /** May throw {@link KeyRecordError}, which then stands for this room. */
  readonly valueOf: (stored: StoredRecord) => T;
}

/** Fifteen digits are a safe integer. */
const VERSION = /^\d{1,15}$/;

/**
 * The current records of many rooms in one round trip. Rooms without one are left out; a bad one spoils only its own
 * entry.
 * @throws {Error} when the store fails
 */
export async function readCurrentRecords<T>(
  client: ValkeyClient,
  { roomIds, fields, valueOf }: CurrentRecordsQuery<T>,
): Promise<RoomEntries<T>> {
  const keys = roomIds.map((roomId) => roomKeyNames(roomId).current);
  const reads = await readHashes(client, { keys, fields });
  const entries = new Map<string, RoomEntry<T>>();
  for (const [index, roomId] of roomIds.entries()) {
    const entry = entryOf(roomId, { read: reads[index], valueOf });
    if (entry !== null) entries.set(roomId, entry);
  }
  return entries;
}

function entryOf<T>(
  roomId: string,
  { read, valueOf }: { read: HashRead | undefined; valueOf: (stored: StoredRecord) => T },
): RoomEntry<T> | null {
  try {
    const stored = read === undefined ? null : storedRecord(roomId, read);
    return stored === null ? null : { status: "found", value: valueOf(stored) };
  } catch (error) {
    if (error instanceof KeyRecordError) return { status: "bad", error };
    throw error;
  }
}

/** What was read of one key, null when it is absent.
 * @throws {KeyRecordError} for what is no record
 */
export function storedRecord(roomId: string, read: HashRead): StoredRecord | null {
  if (read.status === "wrong_type") throw new KeyRecordError({ roomId }, "the stored value is no record");
  if (read.values.every((value) => value === null)) return null;
  const [version, record] = read.values;
  if (typeof version !== "string" || !VERSION.test(version)) {
    throw new KeyRecordError({ roomId }, "the stored version is no number");
  }
  return { roomId, version: Number(version), record: record ?? "" };
}
