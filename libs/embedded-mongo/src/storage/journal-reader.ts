import { fstatSync, readSync } from "node:fs";

import { decodePayload, HEADER_BYTES, type JournalRecord, PAYLOAD_BYTES_MAX } from "./journal-records.ts";

/** The first bytes of a journal: its kind and version. */
export const JOURNAL_MAGIC = Buffer.from("parley-embedded-mongo 1\n", "latin1");

const CHUNK_BYTES = 4 * 1024 * 1024;

/** How far a journal could be read. */
export interface JournalEnd {
  /** Length of the sound part, in bytes. */
  readonly soundBytes: number;
  /** Bytes after it: a record that was being written when the process died. */
  readonly tornBytes: number;
}

/**
 * Hands every sound record over, in order, and stops at the first that is incomplete or damaged.
 *
 * @throws Error when the file does not begin like a journal of this version.
 */
export function readJournal(
  file: number,
  apply: (record: JournalRecord, recordBytes: number) => void,
): JournalEnd {
  const size = fstatSync(file).size;
  const source = createSource(file);
  const magic = source.take(JOURNAL_MAGIC.length);
  if (magic === undefined || !magic.equals(JOURNAL_MAGIC)) {
    throw new Error("the journal file was not written by this version of the embedded server");
  }
  let soundBytes = JOURNAL_MAGIC.length;
  for (;;) {
    const header = source.take(HEADER_BYTES);
    const length = header?.readUInt32LE(0) ?? Infinity;
    const payload = length <= PAYLOAD_BYTES_MAX ? source.take(length) : undefined;
    const record = header && payload && decodePayload(payload, header.readUInt32LE(4));
    if (!record) return { soundBytes, tornBytes: size - soundBytes };
    soundBytes += HEADER_BYTES + length;
    apply(record, HEADER_BYTES + length);
  }
}

/** Reads a file from its beginning in big chunks. The buffers it returns are not reused. */
function createSource(file: number): { take(length: number): Buffer | undefined } {
  let buffered: Buffer = Buffer.alloc(0);
  let position = 0;
  return {
    take(length) {
      while (buffered.length < length) {
        const chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length - buffered.length));
        const read = readSync(file, chunk, { position });
        if (read === 0) return undefined;
        position += read;
        buffered = Buffer.concat([buffered, chunk.subarray(0, read)]);
      }
      const taken = buffered.subarray(0, length);
      buffered = buffered.subarray(length);
      return taken;
    },
  };
}
