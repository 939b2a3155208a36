import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { afterEach, beforeEach, expect, test } from "vitest";

import { isAlive, readLedger } from "./ledger.ts";
import { readStackFile } from "./stack-file.ts";
import { stackFolder } from "./stack-folder.ts";
import { stopRecorded } from "./stop-recorded.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "stack-root-"));
});
afterEach(async () => {
  await stopRecorded(stackFolder(root).ledgerFile);
  rmSync(root, { recursive: true });
});

interface Outcome {
  readonly code: number;
  readonly output: string;
}

async function run(command: "up" | "down" | "status", ...args: string[]): Promise<Outcome> {
  return promisify(execFile)(process.execPath, commandLine(command, args)).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      output: stdout + stderr,
    }),
  );
}

function commandLine(command: string, args: readonly string[]): string[] {
  return [join(import.meta.dirname, `${command}.ts`), "--root", root, ...args];
}

function alive() {
  return readLedger(stackFolder(root).ledgerFile).filter(isAlive);
}

function servers() {
  return alive().filter(({ kind }) => kind === "server");
}

/** Stricter than "runs": a process that ended and was not collected by its parent is still there. */
function isInProcessTable(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** A program that starts and never serves. */
function standingStill(): string {
  const path = join(root, "standing-still");
  writeFileSync(path, '#!/bin/sh\n[ "$1" = --version ] && echo v=99.0.0 && exit\nexec sleep 300\n', {
    mode: 0o755,
  });
  return path;
}

test("a stack that was brought up says where it is, is not started twice and goes without a trace", async () => {
  const up = await run("up", "--sites", "1", "--servers-only");
  const { stackFile } = stackFolder(root);
  const { sites } = readStackFile(stackFile);

  expect(up).toMatchObject({ code: 0, output: expect.stringContaining("make down") });
  expect(statSync(stackFile).mode & 0o777).toBe(0o600);
  expect(Object.keys(sites)).toEqual(["alpha"]);
  expect(sites["alpha"]).toMatchObject({
    nats: expect.stringMatching(/^nats:\/\/127\.0\.0\.1:\d+$/),
    websocket: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/),
    mongo: expect.stringMatching(/^mongodb:\/\/127\.0\.0\.1:\d+$/),
    valkey: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    services: { "room-worker": { user: expect.any(String), password: expect.any(String) } },
    accounts: {},
    processes: [],
  });
  const pids = sites["alpha"]?.servers.map(({ pid }) => pid) ?? [];
  expect(new Set(pids)).toEqual(new Set(servers().map(({ pid }) => pid)));
  expect(sites["alpha"]?.servers.every(({ log }) => existsSync(log))).toBe(true);

  expect(await run("up", "--servers-only")).toMatchObject({
    code: 1,
    output: expect.stringContaining("already running; end it with `make down`"),
  });
  expect(await run("status")).toMatchObject({ code: 0, output: expect.stringContaining("nats-server") });

  expect(await run("down")).toMatchObject({ code: 0, output: expect.stringContaining("nothing is left") });
  expect(pids.filter((pid) => isInProcessTable(pid))).toEqual([]);
  expect(existsSync(stackFile)).toBe(false);
  expect(await run("down")).toMatchObject({
    code: 0,
    output: expect.stringContaining("no stack was running"),
  });
});

test("status names a server that died and fails", async () => {
  await run("up", "--servers-only");
  const [victim] = servers();
  process.kill(victim?.pid ?? 0, "SIGKILL");

  const status = await run("status");

  expect(status.code).toBe(1);
  expect(status.output).toMatch(new RegExp(`alpha +${victim?.name} +${victim?.pid} +no +no`));
});

test("status without a stack says so and fails", async () => {
  expect(await run("status")).toEqual({ code: 1, output: "status: no stack is running\n" });
});

test("a directory with a bad line is refused by its number before anything starts", async () => {
  const directory = join(root, "directory.jsonl");
  writeFileSync(
    directory,
    '{"account":"ann","kind":"person","homeSite":"alpha"}\n{"account":"bob","kind":"cat"}\n',
  );

  const up = await run("up", "--servers-only", "--directory", directory);

  expect(up).toMatchObject({ code: 1, output: expect.stringMatching(/directory\.jsonl, line 2: kind/) });
  expect(readLedger(stackFolder(root).ledgerFile).map(({ kind }) => kind)).toEqual(["keeper"]);
  expect(alive()).toEqual([]);
});

test("a start that is interrupted leaves nothing running", async () => {
  const up = spawn(process.execPath, commandLine("up", ["--servers-only"]), {
    env: { ...process.env, PARLEY_VALKEY_SERVER: standingStill() },
    stdio: "ignore",
  });
  while (readLedger(stackFolder(root).ledgerFile).length < 4) {
    await delay(20);
  }
  const ended = once(up, "exit");
  up.kill("SIGINT");

  expect(await ended).toEqual([1, null]);
  expect(alive()).toEqual([]);
  expect(existsSync(stackFolder(root).stackFile)).toBe(false);
});
