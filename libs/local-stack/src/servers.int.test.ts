import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { Redis } from "iovalkey";
import { MongoClient } from "mongodb";
import { expect, test } from "vitest";

import { startMongoServer } from "./mongo-server.ts";
import { startNatsServer } from "./nats-server.ts";
import { isServing } from "./probe.ts";
import { startValkeyServer } from "./valkey-server.ts";

function temporaryFolder(stack: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), "local-stack-"));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function connectTo(url: string, stack: AsyncDisposableStack): Promise<NatsConnection> {
  const connection = await connect({ servers: url });
  stack.defer(() => connection.close());
  return connection;
}

test("nats-server keeps its streams and its port when it is killed and started again", async () => {
  await using stack = new AsyncDisposableStack();
  const server = await startNatsServer({ dir: temporaryFolder(stack), domain: "alpha" });
  stack.defer(() => server.stop());
  const before = await connectTo(server.url, stack);
  await (await jetstreamManager(before)).streams.add({ name: "KEEP", subjects: ["keep.>"] });
  await jetstream(before).publish("keep.this");
  await before.close();
  const pidBefore = server.pid;

  await server.kill("SIGKILL");
  const whileDown = await isServing(server.probe);
  await server.restart();

  expect(whileDown).toBe(false);
  expect(server.pid).not.toBe(pidBefore);
  const manager = await jetstreamManager(await connectTo(server.url, stack));
  expect((await manager.streams.info("KEEP")).state.messages).toBe(1);
  expect((await manager.getAccountInfo()).domain).toBe("alpha");
  expect(await isServing(server.websocketUrl.replace("ws:", "tcp:"))).toBe(true);
});

test("valkey-server has every acknowledged write after kill -9 and never evicts", async () => {
  await using stack = new AsyncDisposableStack();
  const server = await startValkeyServer({ dir: temporaryFolder(stack) });
  stack.defer(() => server.stop());
  const client = new Redis(`redis://${server.address}`, { retryStrategy: () => 50 });
  client.on("error", () => expect(client.status).not.toBe("ready"));
  stack.defer(() => client.disconnect());
  await client.set("kept", "yes");

  await server.kill("SIGKILL");
  await server.restart();

  expect(await client.get("kept")).toBe("yes");
  expect(await client.config("GET", "appendfsync")).toEqual(["appendfsync", "always"]);
  expect(await client.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
});

test("the MongoDB server has every acknowledged write after kill -9", async () => {
  await using stack = new AsyncDisposableStack();
  const server = await startMongoServer({ dir: temporaryFolder(stack) });
  stack.defer(() => server.stop());
  const client = new MongoClient(server.url);
  stack.defer(() => client.close());
  const documents = client.db("kept").collection<{ _id: string }>("documents");
  await documents.insertOne({ _id: "one" }, { writeConcern: { w: "majority" } });

  await server.kill("SIGKILL");
  await server.restart();

  expect(await documents.findOne({ _id: "one" })).toEqual({ _id: "one" });
});

test("a server that is suspended can be stopped, and is gone then", async () => {
  await using stack = new AsyncDisposableStack();
  const server = await startNatsServer({ dir: temporaryFolder(stack), domain: "alpha" });
  await server.kill("SIGSTOP");

  await server.stop();

  expect(() => process.kill(server.pid, 0)).toThrow(/ESRCH/);
});

test("a server that cannot start says why, with the tail of its log", async () => {
  await using stack = new AsyncDisposableStack();
  const starting = startNatsServer({ dir: temporaryFolder(stack), domain: "alpha", accounts: "accounts {" });

  await expect(starting).rejects.toThrow(/nats-server ended while starting.*\.log/s);
});
