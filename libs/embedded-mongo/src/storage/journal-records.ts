import { crc32 } from "node:zlib";

/** What a record says about a namespace (`dropDatabase` has a database's name there). */
const RECORD_KINDS = ["put", "delete", "createIndex", "dropIndex", "create", "drop", "dropDatabase"] as const;
type RecordKind = (typeof RECORD_KINDS)[number];

export interface JournalRecord {
  readonly kind: RecordKind;
  readonly namespace: string;
  /** A BSON document: the whole document of a put, `_id` of a delete, the definition of an index; else empty. */
  readonly body: Uint8Array;
}

/** Bytes before a record's payload: its length and its CRC-32, both little-endian. */
export const HEADER_BYTES = 8;

/** Above any record: a document has at most 16 MiB, a namespace 255 bytes. A longer length is damage. */
export const PAYLOAD_BYTES_MAX = 17 * 1024 * 1024;

/** `[length u32][crc32 u32]` then `[kind u8][namespace length u16][namespace][body]`. */
export function encodeRecord({ kind, namespace, body }: JournalRecord): Buffer {
  const name = Buffer.from(namespace, "utf8");
  const record = Buffer.allocUnsafe(HEADER_BYTES + 3 + name.length + body.length);
  record.writeUInt8(RECORD_KINDS.indexOf(kind), HEADER_BYTES);
  record.writeUInt16LE(name.length, HEADER_BYTES + 1);
  record.set(name, HEADER_BYTES + 3);
  record.set(body, HEADER_BYTES + 3 + name.length);
  const payload = record.subarray(HEADER_BYTES);
  record.writeUInt32LE(payload.length, 0);
  record.writeUInt32LE(crc32(payload), 4);
  return record;
}

/** Reads a payload whose length is known; `undefined` when its checksum or its form is wrong. */
export function decodePayload(payload: Buffer, checksum: number): JournalRecord | undefined {
  if (payload.length < 3 || crc32(payload) !== checksum) return undefined;
  const kind = RECORD_KINDS[payload.readUInt8(0)];
  const nameEnd = 3 + payload.readUInt16LE(1);
  if (kind === undefined || nameEnd > payload.length) return undefined;
  return { kind, namespace: payload.toString("utf8", 3, nameEnd), body: payload.subarray(nameEnd) };
}
