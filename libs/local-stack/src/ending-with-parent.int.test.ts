import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test, vi } from "vitest";

import { canEndWithParent } from "./ending-with-parent.ts";
import { processIdentity } from "./process-identity.ts";

/** A program that starts another one and stays. */
const parentOf = (log: string) => `
  import { startProcess } from ${JSON.stringify(join(import.meta.dirname, "managed-process.ts"))};
  const child = await startProcess({
    name: "sleeper", command: "sleep", args: ["300"], log: ${JSON.stringify(log)},
    probe: "tcp://127.0.0.1:1", isReady: () => true, readyTimeoutMs: 10_000,
  });
  await child.kill("SIGSTOP");
  process.stdout.write(String(child.pid));
  setInterval(() => {}, 1_000);
`;

test("what was started here, even suspended, outlives a parent that is killed only where the system cannot prevent it", async () => {
  const dir = mkdtempSync(join(tmpdir(), "parent-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const parent = spawn(
    process.execPath,
    ["--input-type=module", "--eval", parentOf(join(dir, "sleeper.log"))],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [output] = await once(parent.stdout, "data");
  const pid = Number(String(output));
  onTestFinished(() => endIfAlive(pid));

  const ended = once(parent, "exit");
  expect(processIdentity(pid)).toMatch(/\d/);
  parent.kill("SIGKILL");
  await ended;

  await vi.waitFor(() => expect(processIdentity(pid) === undefined).toBe(canEndWithParent()));
});

function endIfAlive(pid: number): void {
  if (processIdentity(pid) !== undefined) {
    process.kill(pid, "SIGKILL");
  }
}
