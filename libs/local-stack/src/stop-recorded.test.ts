import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { isAlive, ledgerFor, readLedger } from "./ledger.ts";
import { stopRecorded } from "./stop-recorded.ts";

let dir: string;
let ledgerFile: string;
let child: ChildProcess;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "ledger-"));
  ledgerFile = join(dir, "started.jsonl");
  child = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(child, "spawn");
});
afterEach(() => {
  child.kill("SIGKILL");
  rmSync(dir, { recursive: true });
});

function record(): void {
  const { pid = 0 } = child;
  ledgerFor(ledgerFile, { site: "alpha", kind: "process" }).record({
    name: "sleeper",
    pid,
    log: join(dir, "log"),
    probe: "tcp://127.0.0.1:1",
  });
}

test("ends what was recorded, also when it is suspended", async () => {
  record();
  child.kill("SIGSTOP");

  const ended = await stopRecorded(ledgerFile);

  expect(ended.map(({ name }) => name)).toEqual(["sleeper"]);
  expect(readLedger(ledgerFile).filter(isAlive)).toEqual([]);
});

test("leaves a process alone that was given the pid of a recorded one", async () => {
  record();
  const [entry] = readLedger(ledgerFile);
  rmSync(ledgerFile);
  appendFileSync(ledgerFile, `${JSON.stringify({ ...entry, identity: `${entry?.identity}0` })}\n`);

  expect(await stopRecorded(ledgerFile)).toEqual([]);
  expect(child.kill(0)).toBe(true);
});

test("a process that ended is not alive", async () => {
  record();
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;

  expect(readLedger(ledgerFile).filter(isAlive)).toEqual([]);
  expect(await stopRecorded(ledgerFile)).toEqual([]);
});

test("the ledger is for its owner alone, and empty without a file", () => {
  expect(readLedger(ledgerFile)).toEqual([]);

  record();

  expect(statSync(ledgerFile).mode & 0o777).toBe(0o600);
  expect(readLedger(ledgerFile).map(({ pid }) => pid)).toEqual([child.pid]);
});
