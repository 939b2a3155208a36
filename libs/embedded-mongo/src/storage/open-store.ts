import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";

import { createDataStore, type DataStore, recordsOf } from "./data-store.ts";
import { lockDirectory } from "./directory-lock.ts";
import { encodeRecord, type JournalRecord } from "./journal-records.ts";
import { JOURNAL_MAGIC, type JournalEnd, readJournal } from "./journal-reader.ts";
import { createJournal, type Journal } from "./journal.ts";

/** A smaller journal is never compacted: rewriting it gains nothing. */
const COMPACTION_BYTES_MIN = 1024 * 1024;

export interface OpenStore {
  readonly store: DataStore;
  readonly journal: Pick<Journal, "flushed">;
  /** What loading found, to be told to whoever starts the server. */
  readonly loaded: { readonly journalBytes: number; readonly tornBytes: number; readonly compacted: boolean };
  close(): Promise<void>;
}

/**
 * Loads the data of a directory, which is created when it is missing. An unfinished record at the journal's end is cut off; when
 * more than half of the journal is outdated, it is written anew.
 *
 * @throws Error when another server uses the directory, or the journal is of another version.
 */
export async function openStore(directory: string, onFailure: (cause: Error) => void): Promise<OpenStore> {
  await mkdir(directory, { recursive: true });
  await using opening = new AsyncDisposableStack();
  opening.defer(lockDirectory(directory));
  const path = join(directory, "journal");
  const late: { journal?: Journal } = {};
  const store = createDataStore({ append: (record) => late.journal?.append(record) });
  const end = await load(path, store);
  const compacted = compact(path, store, end.soundBytes);
  const file = opening.use(await open(path, "a"));
  await file.sync();
  syncDirectory(directory);
  const journal = createJournal(file, onFailure);
  late.journal = journal;
  const opened = opening.move();
  return {
    store,
    journal,
    loaded: { journalBytes: end.soundBytes, tornBytes: end.tornBytes, compacted },
    async close() {
      await using _file = opened;
      await journal.flushed();
    },
  };
}

/** Reads the journal into the store, creates it when it is missing, and cuts off what was not finished. */
async function load(path: string, store: DataStore): Promise<JournalEnd> {
  await using file = await open(path, "a+");
  if ((await file.stat()).size < JOURNAL_MAGIC.length) {
    await file.truncate(0);
    await file.write(JOURNAL_MAGIC);
  }
  const end = readJournal(file.fd, (record) => store.restore(record));
  if (end.tornBytes > 0) await file.truncate(end.soundBytes);
  return end;
}

/** Replaces the journal by one of living records only, in one rename; false when it is not worth it. */
function compact(path: string, store: DataStore, journalBytes: number): boolean {
  if (journalBytes < COMPACTION_BYTES_MIN || livingBytes(store) * 2 > journalBytes) return false;
  const temporary = `${path}.compacting`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, "wx");
  try {
    writeFully(file, JOURNAL_MAGIC);
    for (const record of recordsOf(store)) writeFully(file, encodeRecord(record));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  return true;
}

function livingBytes(store: DataStore): number {
  let bytes = 0;
  for (const record of recordsOf(store)) bytes += recordBytes(record);
  return bytes;
}

const recordBytes = ({ namespace, body }: JournalRecord): number => namespace.length + body.length;

function writeFully(file: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}

/** Makes a new or renamed file's name durable. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
