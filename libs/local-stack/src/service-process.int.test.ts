import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, test as base, vi } from "vitest";

import { inCheckout } from "./checkout.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { startStack } from "./stack.ts";

/** A site with the two processes that make each other's streams, started by somebody without a compile cache. */
const test = base.extend("site", { scope: "file" }, async ({}, { onCleanup }) => {
  vi.stubEnv("NODE_COMPILE_CACHE", undefined);
  vi.stubEnv("SECRET_OF_THE_STARTER", "s");
  const stack = await startStack({ sites: 1, processes: { "room-worker": {}, "message-service": {} } });
  onCleanup(() => stack.stop());
  return stack.site("alpha");
});

afterEach(() => vi.unstubAllEnvs());

/** The environment a process was started with, as the kernel knows it. */
function environmentOf({ pid }: ManagedProcess): Map<string, string> {
  const pairs = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return new Map(pairs.map((pair) => [pair.split("=", 1)[0] ?? "", pair.slice(pair.indexOf("=") + 1)]));
}

test("a process keeps its compiled sources in the checkout, and inherits nothing that is not its own", async ({
  site,
}) => {
  const environment = environmentOf(site.process("message-service"));

  expect(environment.get("NODE_COMPILE_CACHE")).toBe(inCheckout(".local/compile-cache"));
  expect(environment.get("SITE_ID")).toBe("alpha");
  expect(environment.has("SECRET_OF_THE_STARTER")).toBe(false);
});

test("the starter's own compile cache is used instead, and is filled", async ({ site }) => {
  const own = mkdtempSync(join(tmpdir(), "compile-cache-"));
  try {
    vi.stubEnv("NODE_COMPILE_CACHE", own);
    const started = await site.startProcess("message-service");
    expect(environmentOf(started).get("NODE_COMPILE_CACHE")).toBe(own);
    await started.stop();
    expect(readdirSync(own, { recursive: true }).length).toBeGreaterThan(10);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
});

test("what is said of a process alone wins over both", async ({ site }) => {
  vi.stubEnv("NODE_COMPILE_CACHE", join(tmpdir(), "of-the-starter"));
  const started = await site.startProcess("message-service", { NODE_COMPILE_CACHE: "" });
  expect(environmentOf(started).get("NODE_COMPILE_CACHE")).toBe("");
});
