import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { MongoClient } from "mongodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const MAIN = join(import.meta.dirname, "main.ts");
const WRITERS = 16;

let directory = "";
let running: ChildProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "parley-embedded-mongo-"));
});
afterEach(async () => {
  if (running !== undefined) await end("SIGKILL");
  await rm(directory, { recursive: true });
});

interface Started {
  readonly url: string;
  readonly lines: readonly string[];
}

/** Starts the command-line server and waits until it says that it is ready. */
async function start(): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, "--dir", directory, "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running = child;
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    const port = /^ready on port (\d+)$/.exec(line)?.[1];
    if (port !== undefined) return { url: `mongodb://127.0.0.1:${port}`, lines };
  }
  throw new Error(`the server ended: ${lines.join("\n")}`);
}

/** Ends the server and returns its exit code, or the signal that ended it. */
async function end(signal: "SIGTERM" | "SIGKILL"): Promise<unknown> {
  const child = running;
  if (child === undefined) throw new Error("no server is running");
  running = undefined;
  const exited = once(child, "exit");
  child.kill(signal);
  const [code, endedBy] = (await exited) as [number | null, string | null];
  return code ?? endedBy;
}

interface Row {
  _id: string;
  count: number;
}

/** Counts rows up from many connections until the server dies; returns the highest count acknowledged for each. */
async function writeUntilDeath(url: string, killAfter: number): Promise<ReadonlyMap<string, number>> {
  const client = new MongoClient(url, { maxPoolSize: WRITERS, serverSelectionTimeoutMS: 200 });
  const rows = client.db("durable").collection<Row>("rows");
  await rows.createIndex({ count: 1 });
  const acknowledged = new Map<string, number>();
  let total = 0;
  let killed: Promise<unknown> | undefined;
  const writer = async (name: number): Promise<void> => {
    for (let count = 1; ; count += 1) {
      const _id = `w${name}-${count % 7}`;
      const outcome = await rows
        .updateOne({ _id }, { $set: { count } }, { upsert: true })
        .catch((error: unknown) => error);
      if (outcome instanceof Error) return;
      acknowledged.set(_id, count);
      total += 1;
      if (total === killAfter) killed = end("SIGKILL");
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, name) => writer(name)));
  await killed;
  await client.close();
  return acknowledged;
}

describe("the server process", () => {
  it("says what it is, where it listens, and ends cleanly", async () => {
    const { url, lines } = await start();
    expect(lines[0]).toMatch(/not MongoDB/);
    const client = await new MongoClient(url).connect();
    await client.db("durable").collection<Row>("rows").insertOne({ _id: "a", count: 1 });
    await client.close();
    expect(await end("SIGTERM")).toBe(0);
  });

  it("loses no acknowledged write when it is killed, again and again", async () => {
    const expected = new Map<string, number>();
    for (const killAfter of [1, 150, 400]) {
      const { url } = await start();
      for (const [id, count] of await writeUntilDeath(url, killAfter)) expected.set(id, count);
      const { url: next } = await start();
      const client = await new MongoClient(next).connect();
      const rows = client.db("durable").collection<Row>("rows");
      const found = new Map((await rows.find().toArray()).map(({ _id, count }) => [_id, count]));
      const lost = [...expected].filter(([id, count]) => (found.get(id) ?? 0) < count);
      expect(lost).toEqual([]);
      expect(await rows.indexes()).toHaveLength(2);
      await rows.deleteMany({});
      expected.clear();
      await client.close();
      await end("SIGTERM");
    }
  });

  it("refuses bad arguments with exit code 1", async () => {
    for (const wrong of [[], ["--dir", directory, "--port", "70000"], ["--dir", directory, "--unknown"]]) {
      const child = spawn(process.execPath, [MAIN, ...wrong], { stdio: "ignore" });
      const [code] = (await once(child, "exit")) as [number];
      expect([wrong, code]).toEqual([wrong, 1]);
    }
  });
});
