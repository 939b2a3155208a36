import { mkdtempSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { encodeRecord, type JournalRecord } from "./journal-records.ts";
import { createJournal } from "./journal.ts";

const RECORD: JournalRecord = { kind: "put", namespace: "a.b", body: Buffer.alloc(100) };
const RECORD_BYTES = encodeRecord(RECORD).length;

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "parley-journal-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function withFile<T>(flags: string, run: (file: FileHandle) => Promise<T>): Promise<T> {
  await using file = await open(join(directory, "journal"), flags);
  return await run(file);
}

const sizeOf = async (file: FileHandle): Promise<number> => (await file.stat()).size;

function throwIt(cause: Error): void {
  throw cause;
}

describe("the journal", () => {
  it("has written everything when flushed resolves, also what a released waiter appends at once", async () => {
    await withFile("w", async (file) => {
      const journal = createJournal(file, throwIt);
      for (let round = 1; round <= 20; round += 1) {
        journal.append(RECORD);
        journal.append(RECORD);
        await journal.flushed();
        expect(await sizeOf(file)).toBe(round * 2 * RECORD_BYTES);
      }
      const chain = Array.from({ length: 20 }, async () => {
        for (let round = 0; round < 20; round += 1) {
          journal.append(RECORD);
          await journal.flushed();
        }
      });
      await Promise.all(chain);
      expect(await sizeOf(file)).toBe((40 + 400) * RECORD_BYTES);
    });
  });

  it("gives up for good when the disk refuses a write", async () => {
    await withFile("r", async (file) => {
      const failures: Error[] = [];
      const journal = createJournal(file, (cause) => failures.push(cause));
      journal.append(RECORD);
      await expect(journal.flushed()).rejects.toThrow(/writing the journal failed/);
      expect(failures).toHaveLength(1);
      expect(() => journal.append(RECORD)).toThrow(/writing the journal failed/);
      await expect(journal.flushed()).rejects.toThrow(/writing the journal failed/);
    });
  });
});
