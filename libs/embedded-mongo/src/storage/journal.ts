import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

import { encodeRecord, type JournalRecord } from "./journal-records.ts";

/** The append-only file behind the store. */
export interface Journal {
  /** Queues a record; it is on its way to the disk when this returns, not there yet. */
  append(record: JournalRecord): void;
  /** Resolves once everything appended so far is on the disk. @throws Error when the disk refused; nothing is written after that. */
  flushed(): Promise<void>;
}

interface Waiter {
  readonly records: number;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Group commit: while one write and its fdatasync are running, further records gather and go out together in the
 * next. `onFailure` is told once when the disk refuses a write: memory is then ahead of the file and must be given up.
 */
export function createJournal(file: FileHandle, onFailure: (cause: Error) => void): Journal {
  let queued: Buffer[] = [];
  let waiters: Waiter[] = [];
  let appended = 0;
  let durable = 0;
  let failure: Error | undefined;
  let writing: Promise<void> | undefined;

  async function writeQueued(): Promise<void> {
    await setImmediate();
    while (queued.length > 0) {
      const batch = queued;
      const upTo = appended;
      queued = [];
      await writeAll(file, Buffer.concat(batch));
      await file.datasync();
      durable = upTo;
      const done = waiters.filter(({ records }) => records <= durable);
      waiters = waiters.filter(({ records }) => records > durable);
      for (const waiter of done) waiter.resolve();
    }
  }

  function start(): void {
    writing ??= writeQueued()
      .catch((cause: unknown) => {
        failure = new Error("writing the journal failed", { cause });
        for (const waiter of waiters) waiter.reject(failure);
        waiters = [];
        onFailure(failure);
      })
      .finally(() => {
        writing = undefined;
        // A waiter that was just released may have appended before this ran.
        if (queued.length > 0 && failure === undefined) start();
      });
  }

  async function flushed(): Promise<void> {
    if (failure !== undefined) throw failure;
    if (durable === appended) return;
    await new Promise<void>((resolve, reject) => {
      waiters.push({ records: appended, resolve, reject });
    });
  }

  return {
    append(record) {
      if (failure !== undefined) throw failure;
      queued.push(encodeRecord(record));
      appended += 1;
      start();
    },
    flushed,
  };
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await file.write(bytes, written)).bytesWritten;
  }
}
