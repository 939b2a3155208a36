import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

describe("the configuration of message-service", () => {
  it("is checked whole before anything is opened: every fault is named with an example, and it exits with 1", () => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, "main.ts")], {
      encoding: "utf8",
      env: {
        SITE_ID: "Not A Site",
        MONGO_URL: "http://mongo",
        MAX_IN_FLIGHT: "0",
        CONSUMER_ACK_WAIT_MS: "soon",
        LOG_LEVEL: "loud",
        BOOTSTRAP_STREAMS: "perhaps",
      },
    });

    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("The configuration has 9 faults; nothing was started.");
    for (const variable of [
      "SITE_ID",
      "NATS_URL is required",
      "MONGO_URL",
      "MAX_IN_FLIGHT",
      "CONSUMER_ACK_WAIT_MS",
      "LOG_LEVEL",
      "BOOTSTRAP_STREAMS",
      "VALKEY_ADDR is required",
      "ROOM_KEY_KEK or ROOM_KEY_KEK_FILE",
    ])
      expect(stderr).toContain(`  ${variable}`);
  });
});
