import { once } from "node:events";
import { spawn } from "node:child_process";

import { describe, expect, test } from "vitest";

import { createAfterStep, testHooksOf } from "./test-hooks.ts";

describe("the switches", () => {
  test("are all off in an environment without them", () => {
    expect(testHooksOf({})).toEqual({ deliverTwice: false, stopAfter: undefined });
  });

  test("say where to stop and how, and that everything comes twice", () => {
    const stop = { PARLEY_TEST_STOP_AFTER: "members_removed:11:SIGSTOP", PARLEY_TEST_DELIVER_TWICE: "1" };
    expect(testHooksOf(stop)).toEqual({
      deliverTwice: true,
      stopAfter: { eventType: "members_removed", step: 11, signal: "SIGSTOP" },
    });
  });

  test.each([
    "",
    "members_removed",
    "members_removed:5",
    "members_removed:5:SIGTERM",
    "a:100:SIGKILL",
    "A:1:SIGKILL",
  ])("refuse %j: a test that stops nothing would prove nothing", (text) => {
    expect(() => testHooksOf({ PARLEY_TEST_STOP_AFTER: text })).toThrow("PARLEY_TEST_STOP_AFTER");
  });
});

describe("after a step", () => {
  test("nothing happens without a switch", () => {
    expect(() => createAfterStep(undefined)("members_removed", 5)).not.toThrow();
  });

  test("the process stops itself there and nowhere else", async () => {
    const program = `
      import { createAfterStep } from "./test-hooks.ts";
      const afterStep = createAfterStep({ eventType: "members_removed", step: 5, signal: "SIGKILL" });
      afterStep("members_added", 5);
      afterStep("members_removed", 4);
      process.stdout.write("not yet", () => afterStep("members_removed", 5));
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      cwd: import.meta.dirname,
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const [, signal] = (await once(child, "close")) as [number | null, string | null];
    expect([output, signal]).toEqual(["not yet", "SIGKILL"]);
  });
});
