import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { expect, inject, test } from "vitest";

/** Runs the command as an operator would. */
async function keys(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number; lines: readonly string[] }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "keys.ts"), ...words], {
    env: environment,
  });
  let output = "";
  const take = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const [code] = (await once(child, "close")) as [number];
  return { code, lines: output.trim().split("\n") };
}

test.each(["", "fix", "rewrap all"])("`%s` is answered with what to write", async (words) => {
  expect(await keys(words.split(" "))).toEqual({
    code: 1,
    lines: ["usage: node libs/room-keys/src/keys.ts status|rewrap"],
  });
});

test("a fault of the environment is told before anything is opened, and no key with it", async () => {
  const secret = Buffer.alloc(31, 7).toString("base64");
  const { code, lines } = await keys(["rewrap"], {
    VALKEY_ADDR: inject("valkeyAddress"),
    ROOM_KEY_KEK: `k2:${secret}`,
  });

  expect(code).toBe(1);
  expect(lines).toEqual(expect.arrayContaining(["  SITE_ID is required", "  MONGO_URL is required"]));
  expect(lines.join("\n")).toContain("ROOM_KEY_KEK");
  expect(lines.join("\n")).not.toContain(secret);
});
