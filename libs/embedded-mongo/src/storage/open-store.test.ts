import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { deserialize } from "bson";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { parseIndexDefinition } from "./index-definition.ts";
import { type OpenStore, openStore } from "./open-store.ts";

const NAMESPACE = "shop.items";

let root = "";
let lastDirectory = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "parley-journal-"));
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

function freshDirectory(): string {
  lastDirectory += 1;
  const directory = join(root, String(lastDirectory));
  mkdirSync(directory);
  return directory;
}

const open = (directory: string): Promise<OpenStore> =>
  openStore(directory, (cause) => {
    throw cause;
  });

const journalOf = (directory: string): string => join(directory, "journal");

/** All documents of the namespace, as plain values. */
const contents = ({ store }: OpenStore) =>
  [...store.collectionToRead(NAMESPACE).all()].map(({ bytes }) => deserialize(bytes));

/** Opens, runs, closes. */
async function inStore<T>(directory: string, run: (opened: OpenStore) => T): Promise<T> {
  const opened = await open(directory);
  try {
    return run(opened);
  } finally {
    await opened.close();
  }
}

/** Ten documents in ten records; returns the journal's length after each. */
async function tenDocuments(directory: string): Promise<number[]> {
  const lengths: number[] = [];
  for (let at = 0; at < 10; at += 1) {
    await inStore(directory, ({ store }) =>
      store.ensureCollection(NAMESPACE).insert({ _id: at, text: "x".repeat(at) }),
    );
    lengths.push(statSync(journalOf(directory)).size);
  }
  return lengths;
}

describe("the data directory", () => {
  it("holds documents, deletions and indexes over a restart", async () => {
    const directory = freshDirectory();
    await inStore(directory, ({ store }) => {
      const items = store.ensureCollection(NAMESPACE);
      items.createIndex(parseIndexDefinition({ name: "by_n", key: { n: 1 }, unique: true }));
      items.insert({ _id: "a", n: 1 });
      const second = items.insert({ _id: "b", n: 2 });
      items.replace(second, { _id: "b", n: 3 });
      items.remove(items.insert({ _id: "c", n: 4 }));
      store.ensureCollection("shop.dropped").insert({ _id: 1 });
      store.dropCollection("shop.dropped");
    });
    await inStore(directory, (opened) => {
      expect(contents(opened)).toEqual([
        { _id: "a", n: 1 },
        { _id: "b", n: 3 },
      ]);
      expect([...opened.store.collections()].map(({ namespace }) => namespace)).toEqual([NAMESPACE]);
      expect(() => opened.store.ensureCollection(NAMESPACE).insert({ _id: "d", n: 3 })).toThrow(/E11000/);
    });
  });

  it("loses only the last write wherever the journal is cut, and goes on after it", async () => {
    const whole = freshDirectory();
    const lengths = await tenDocuments(whole);
    const [lastStart = 0, end = 0] = lengths.slice(-2);
    for (let cut = lastStart; cut < end; cut += 1) {
      const directory = freshDirectory();
      copyFileSync(journalOf(whole), journalOf(directory));
      truncateSync(journalOf(directory), cut);
      await inStore(directory, (opened) => {
        expect(contents(opened)).toHaveLength(9);
        expect(opened.loaded.tornBytes).toBe(cut - lastStart);
        opened.store.ensureCollection(NAMESPACE).insert({ _id: "after" });
      });
      expect(await inStore(directory, contents)).toHaveLength(10);
    }
  });

  it("does not believe a record whose bytes have changed", async () => {
    const directory = freshDirectory();
    const lengths = await tenDocuments(directory);
    const bytes = readFileSync(journalOf(directory));
    const inLastRecord = (lengths.at(-1) ?? 0) - 3;
    bytes[inLastRecord] = (bytes[inLastRecord] ?? 0) ^ 1;
    writeFileSync(journalOf(directory), bytes);
    expect(await inStore(directory, contents)).toHaveLength(9);
  });

  it("cuts off a record with an impossible length", async () => {
    const directory = freshDirectory();
    await tenDocuments(directory);
    appendFileSync(journalOf(directory), Buffer.from("ffffffff00000000", "hex"));
    await inStore(directory, (opened) => {
      expect(contents(opened)).toHaveLength(10);
      expect(opened.loaded.tornBytes).toBe(8);
    });
  });

  it("refuses a file that is no journal and leaves it alone", async () => {
    const directory = freshDirectory();
    const foreign = "something else, longer than the journal's first line";
    writeFileSync(journalOf(directory), foreign);
    await expect(open(directory)).rejects.toThrow(/not written by this version/);
    expect(readFileSync(journalOf(directory), "utf8")).toBe(foreign);
  });

  it("is written anew at the start when more than half of it is outdated", async () => {
    const directory = freshDirectory();
    await inStore(directory, ({ store }) => {
      const items = store.ensureCollection(NAMESPACE);
      const stored = items.insert({ _id: "a", n: 0 });
      for (let n = 1; n <= 20; n += 1) items.replace(stored, { _id: "a", n, filler: "x".repeat(100_000) });
      items.createIndex(parseIndexDefinition({ name: "by_n", key: { n: 1 }, unique: true }));
    });
    const before = statSync(journalOf(directory)).size;
    const compacted = await inStore(directory, ({ loaded }) => loaded.compacted);
    expect(compacted).toBe(true);
    expect(statSync(journalOf(directory)).size).toBeLessThan(before / 10);
    await inStore(directory, (opened) => {
      expect(opened.loaded.compacted).toBe(false);
      expect(contents(opened)).toMatchObject([{ _id: "a", n: 20 }]);
      expect(
        opened.store
          .collectionToRead(NAMESPACE)
          .indexes()
          .map(({ name }) => name),
      ).toEqual(["_id_", "by_n"]);
    });
  });

  it("belongs to one server at a time, and to the next one after a crash", async () => {
    const directory = freshDirectory();
    const first = await open(directory);
    await expect(open(directory)).rejects.toThrow(/in use/);
    await first.close();
    for (const gone of ["999999999 1", `${process.pid} 1`, ""]) {
      writeFileSync(join(directory, "lock"), gone);
      expect(await inStore(directory, contents)).toEqual([]);
    }
  });
});
