import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { deserialize, serialize } from "bson";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { errorOf } from "./behaviour/fixture.ts";
import { type EmbeddedMongo, startEmbeddedMongo } from "./server.ts";

const TTL_INTERVAL_MS = 20;

let directory = "";
let server: EmbeddedMongo;
let client: MongoClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "parley-embedded-mongo-"));
  server = await startEmbeddedMongo({ dir: directory, ttlIntervalMs: TTL_INTERVAL_MS });
  client = await new MongoClient(server.url).connect();
});
afterAll(async () => {
  await client.close();
  await server.close();
  await rm(directory, { recursive: true });
});

const ago = (ms: number): Date => new Date(Date.now() - ms);
const database = () => client.db("server_test");

/** An OP_MSG with one body. */
function message(id: number, body: object, flags = 0): Buffer {
  const document = serialize(body);
  const header = Buffer.alloc(21);
  header.writeInt32LE(header.length + document.length, 0);
  header.writeInt32LE(id, 4);
  header.writeInt32LE(2013, 12);
  header.writeUInt32LE(flags, 16);
  return Buffer.concat([header, document]);
}

async function rawConnection(): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

/** Reads until that many whole messages have come. */
async function readMessages(
  socket: Socket,
  count: number,
): Promise<{ answers: number; body: Record<string, unknown> }[]> {
  const messages: { answers: number; body: Record<string, unknown> }[] = [];
  let bytes = Buffer.alloc(0);
  while (messages.length < count) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4 && bytes.length >= bytes.readInt32LE(0)) {
      const length = bytes.readInt32LE(0);
      messages.push({ answers: bytes.readInt32LE(8), body: deserialize(bytes.subarray(21, length)) });
      bytes = bytes.subarray(length);
    }
  }
  return messages;
}

describe("the wire", () => {
  it("answers requests sent in one go in their order", async () => {
    const socket = await rawConnection();
    const write = { insert: "order", documents: [{ _id: 1 }], $db: "server_test" };
    const read = { count: "order", query: {}, $db: "server_test" };
    socket.write(
      Buffer.concat([message(11, write), message(12, read), message(13, { ping: 1, $db: "admin" })]),
    );
    const replies = await readMessages(socket, 3);
    expect(replies.map(({ answers }) => answers)).toEqual([11, 12, 13]);
    expect(replies[1]?.body).toMatchObject({ n: 1, ok: 1 });
    socket.destroy();
  });

  it("understands a message that comes byte by byte", async () => {
    const socket = await rawConnection();
    socket.setNoDelay(true);
    for (const byte of message(5, { ping: 1, $db: "admin" })) socket.write(Buffer.from([byte]));
    expect(await readMessages(socket, 1)).toMatchObject([{ answers: 5, body: { ok: 1 } }]);
    socket.destroy();
  });

  it("runs a write that wants no answer, and sends none", async () => {
    const socket = await rawConnection();
    const moreToCome = 2;
    const write = { insert: "quiet", documents: [{ _id: 1 }], $db: "server_test", writeConcern: { w: 0 } };
    socket.write(
      Buffer.concat([
        message(1, write, moreToCome),
        message(2, { count: "quiet", query: {}, $db: "server_test" }),
      ]),
    );
    expect(await readMessages(socket, 1)).toMatchObject([{ answers: 2, body: { n: 1 } }]);
    socket.destroy();
  });

  const nonsense: readonly (readonly [string, Buffer])[] = [
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["a length below the header's", Buffer.from("0f000000".padEnd(64, "0"), "hex")],
    ["a length over 48 MB", Buffer.from("ffffff7f".padEnd(64, "0"), "hex")],
    ["a document longer than its message", message(1, { ping: 1 }).fill(0x7f, 21, 24)],
    ["a broken document", message(1, { ping: "x" }).fill(0xee, 25, 30)],
    ["an operation that is not supported", message(1, { ping: 1 }).fill(0x55, 12, 14)],
    ["a section of an unknown kind", message(1, { ping: 1 }).fill(0x09, 20, 21)],
    ["a checksum", message(1, { ping: 1 }, 1)],
  ];
  it.each(nonsense)("ends a connection that sends %s, and no other", async (_name, bytes) => {
    const socket = await rawConnection();
    const closed = once(socket, "close");
    socket.write(bytes);
    await closed;
    expect(await database().command({ ping: 1 })).toMatchObject({ ok: 1 });
  });

  it("still answers a client that has said it will send nothing more", async () => {
    const socket = await rawConnection();
    socket.end(message(7, { insert: "last", documents: [{ _id: 1 }], $db: "server_test" }));
    expect(await readMessages(socket, 1)).toMatchObject([{ answers: 7, body: { n: 1, ok: 1 } }]);
    await once(socket, "close");
  });

  it("survives clients that leave in the middle of a message", async () => {
    const socket = await rawConnection();
    socket.write(message(1, { ping: 1, $db: "admin" }).subarray(0, 20));
    socket.destroy();
    expect(await database().command({ ping: 1 })).toMatchObject({ ok: 1 });
  });

  it("serves two hundred connections at once", async () => {
    const many = new MongoClient(server.url, { maxPoolSize: 200, minPoolSize: 200 });
    const counters = many.db("server_test").collection<{ _id: string }>("many");
    await Promise.all(
      Array.from({ length: 400 }, () =>
        counters.updateOne({ _id: "n" }, { $inc: { count: 1 } }, { upsert: true }),
      ),
    );
    expect(await counters.findOne()).toEqual({ _id: "n", count: 400 });
    await many.close();
  });

  it("carries documents of several megabytes both ways and refuses those over sixteen", async () => {
    const big = database().collection<{ _id: string; text: string }>("big");
    const text = "x".repeat(6_000_000);
    await big.insertMany(["a", "b", "c", "d"].map((_id) => ({ _id, text })));
    const found = await big.find().toArray();
    expect(found.map((document) => document.text.length)).toEqual([6e6, 6e6, 6e6, 6e6]);
    const grow = big.updateOne({ _id: "a" }, [{ $set: { text: { $concat: ["$text", "$text", "$text"] } } }]);
    expect(await errorOf(grow)).toMatchObject({ code: 10_334 });
  });
});

describe("refusals", () => {
  it.each([
    ["an unknown command", { mapReduce: "x" }, 59],
    ["an unknown field", { find: "x", tailable: true }, 2],
    ["a collation", { find: "x", collation: { locale: "de" } }, 2],
    ["array filters", { update: "x", updates: [{ q: {}, u: { $set: { a: 1 } }, arrayFilters: [] }] }, 2],
    ["an unknown pipeline stage", { aggregate: "x", pipeline: [{ $facet: {} }], cursor: {} }, 2],
    ["an unknown expression", { find: "x", filter: { $expr: { $rand: {} } } }, 2],
    [
      "an option of an index",
      { createIndexes: "x", indexes: [{ key: { a: 1 }, name: "a", hidden: true }] },
      67,
    ],
    ["a text index", { createIndexes: "x", indexes: [{ key: { a: "text" }, name: "a" }] }, 67],
    ["a capped collection", { create: "capped", capped: true, size: 100 }, 2],
    ["a transaction", { find: "x", txnNumber: 1, startTransaction: true }, 20],
    ["two nodes for a write", { insert: "x", documents: [{ a: 1 }], writeConcern: { w: 2 } }, 2],
    ["a bad collection name", { insert: "a$b", documents: [{ a: 1 }] }, 73],
  ])("answer %s with an error and do nothing", async (_name, command, code) => {
    const outcome = await database()
      .command(command)
      .then(
        (reply) => (reply["writeErrors"] as { code: number }[] | undefined)?.[0]?.code,
        (error: unknown) => (error as { code: number }).code,
      );
    expect(outcome).toBe(code);
  });
});

describe("documents with a time to live", () => {
  it("go when it is over, and only they", async () => {
    const rows = database().collection<{ _id: string; removedAt?: Date | string }>("ttl");
    await rows.createIndex({ removedAt: 1 }, { expireAfterSeconds: 10 });
    await rows.insertMany([
      { _id: "old", removedAt: ago(11_000) },
      { _id: "young", removedAt: ago(1_000) },
      { _id: "text", removedAt: "long ago" },
      { _id: "member" },
    ]);
    await expect.poll(() => rows.countDocuments()).toBe(3);
    expect(await rows.distinct("_id")).toEqual(["young", "text", "member"]);
  });
});
