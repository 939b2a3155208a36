import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

const run = (env: Readonly<Record<string, string>>) =>
  spawnSync(process.execPath, [join(import.meta.dirname, "main.ts")], { encoding: "utf8", env });

describe("the configuration of broadcast-worker", () => {
  // R93
  it("is checked whole before anything is opened: every fault is named, and it exits with 1", () => {
    const { status, stderr, stdout } = run({
      SITE_ID: "event",
      NATS_URL: "http://nats",
      VALKEY_ADDR: "valkey",
      CONSUMER_BATCH: "0",
    });

    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("The configuration has 6 faults; nothing was started.");
    for (const fault of [
      "SITE_ID",
      "NATS_URL",
      "MONGO_URL is required",
      "VALKEY_ADDR",
      "ROOM_KEY_KEK or ROOM_KEY_KEK_FILE",
      "CONSUMER_BATCH",
    ])
      expect(stderr).toContain(`  ${fault}`);
  });

  it("shows nothing of a key-encryption key that is wrong", () => {
    const { status, stderr } = run({ ROOM_KEY_KEK: "k1:c2VjcmV0" });

    expect(status).toBe(1);
    expect(stderr).toContain("ROOM_KEY_KEK");
    expect(stderr).not.toContain("c2VjcmV0");
  });
});
