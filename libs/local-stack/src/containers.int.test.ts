import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Redis } from "iovalkey";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createFakeDocker, type FakeDocker } from "../test/fake-docker.ts";
import { natsServer, valkeyServer, type Server } from "./choose-server.ts";
import { findBinary, findProvisioned } from "./find-binary.ts";
import { isAlive, ledgerFor, readLedger } from "./ledger.ts";
import { startNatsServer } from "./nats-server.ts";
import { isServing } from "./probe.ts";
import { serverImage } from "./server-images.ts";
import { stopRecorded } from "./stop-recorded.ts";
import { startValkeyServer } from "./valkey-server.ts";

/** Docker's part is played by a program that runs the machine's own servers and keeps their pids from its caller. */

let dir: string;
let docker: FakeDocker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "containers-"));
  docker = createFakeDocker({
    images: [serverImage("NATS_IMAGE"), serverImage("VALKEY_IMAGE")],
    programs: { "nats-server": programOf(natsServer), "valkey-server": programOf(valkeyServer) },
  });
  // Nothing else is on PATH, so that a server can only be run in a container.
  vi.stubEnv("PATH", docker.folder);
  vi.stubEnv("PARLEY_NATS_SERVER", "");
  vi.stubEnv("PARLEY_VALKEY_SERVER", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  docker[Symbol.dispose]();
  rmSync(dir, { recursive: true });
});

function programOf(server: Server): string {
  const path = findBinary(server) ?? findProvisioned(server);
  if (path === undefined) {
    throw new Error(`no ${server.name} on this machine for the containers of this test`);
  }
  return path;
}

function nameOf(call: readonly string[] = []): string | undefined {
  return call.find((argument) => argument.startsWith("--name="))?.slice("--name=".length);
}

function callsOf(verb: string) {
  return docker.calls().filter(([called]) => called === verb);
}

test("a nats-server in a container keeps its streams, its port and its name when it is killed and started again", async () => {
  await using stack = new AsyncDisposableStack();
  const lines: string[] = [];
  const server = await startNatsServer({ dir, domain: "alpha", onProgress: (line) => lines.push(line) });
  stack.defer(() => server.stop());
  const before = await connect({ servers: server.url });
  await (await jetstreamManager(before)).streams.add({ name: "KEEP", subjects: ["keep.>"] });
  await jetstream(before).publish("keep.this");
  await before.close();
  const pidBefore = server.pid;

  await server.kill("SIGKILL");
  const whileDown = await isServing(server.probe);
  await server.restart();

  expect(lines).toEqual([`nats-server: container ${serverImage("NATS_IMAGE")}`]);
  expect(existsSync(`/proc/${pidBefore}`)).toBe(false);
  expect(whileDown).toBe(false);
  expect(server.pid).not.toBe(pidBefore);
  const after = await connect({ servers: server.url });
  stack.defer(() => after.close());
  expect((await (await jetstreamManager(after)).streams.info("KEEP")).state.messages).toBe(1);
  const [first, second] = callsOf("run");
  expect(second).toEqual(first);
});

test("a server in a container can be suspended, resumed, and stopped while it is suspended", async () => {
  const server = await startValkeyServer({ dir });
  const client = new Redis(`redis://${server.address}`, { retryStrategy: () => null });
  client.on("error", () => expect(client.status).not.toBe("ready"));
  await client.ping();

  await server.kill("SIGSTOP");
  const answer = client.ping();
  const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 200, "none"))]);
  await server.kill("SIGCONT");

  expect(first).toBe("none");
  expect(await answer).toBe("PONG");

  await server.kill("SIGSTOP");
  await server.stop();
  await server.kill("SIGTERM");
  client.disconnect();

  expect(existsSync(`/proc/${server.pid}`)).toBe(false);
  expect(await isServing(server.probe)).toBe(false);
});

test("another command finds a server in a container by the ledger, under its own pid, and ends it", async () => {
  const ledgerFile = join(dir, "started.jsonl");
  const server = await startValkeyServer({
    dir,
    ledger: ledgerFor(ledgerFile, { site: "alpha", kind: "server" }),
  });
  const [entry] = readLedger(ledgerFile);
  const client = new Redis(`redis://${server.address}`, { retryStrategy: () => null });
  const ownPid = /process_id:(\d+)/.exec(await client.info("server"))?.[1];
  client.disconnect();

  const ended = await stopRecorded(ledgerFile);
  await server.untilExit();

  expect(server.pid).toBe(Number(ownPid));
  expect(entry).toMatchObject({ pid: server.pid, container: nameOf(callsOf("run")[0]) });
  expect(ended.map(({ pid }) => pid)).toEqual([server.pid]);
  expect(readLedger(ledgerFile).filter(isAlive)).toEqual([]);
  expect(callsOf("kill")[0]).toEqual(["kill", "--signal=SIGTERM", entry?.container]);
});

test("a server in a container that cannot start says why", async () => {
  const starting = startNatsServer({ dir, domain: "alpha", accounts: "accounts {" });

  await expect(starting).rejects.toThrow(/nats-server ended while starting.*accounts|parse|error/s);
});
