import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { streamName } from "@parley/contract/streams";
import { expect, test } from "vitest";

import { openTestSite } from "../test/test-site.ts";

/** Runs the command as an operator would. */
async function streams(
  mode: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ code: number; lines: readonly string[] }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "streams.ts"), mode], {
    env: environment,
  });
  let output = "";
  const take = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const [code] = (await once(child, "close")) as [number];
  return { code, lines: output.trim().split("\n") };
}

test("a site that gets a peer: diff tells, apply makes it so, and then there is nothing to tell", async () => {
  await using site = await openTestSite();
  const environment = { ...site.environment, PEERS: "beta" };
  const inbox = streamName("INBOX", site.siteId);

  const before = await streams("diff", environment);
  expect(before.code).toBe(1);
  expect(before.lines).toEqual([
    expect.stringContaining(`~ ${inbox}.sources: declared [{"name":"OUTBOX_beta"`),
    "Nothing was changed. + and ~ are made by: node libs/site/src/streams.ts apply",
  ]);
  expect((await site.broker.manager.streams.info(inbox)).config.sources ?? []).toEqual([]);

  const applied = await streams("apply", environment);
  expect([applied.code, applied.lines.at(-1)]).toEqual([0, "Done: 0 created, 1 differences removed."]);
  expect((await site.broker.manager.streams.info(inbox)).config.sources).toMatchObject([
    { name: "OUTBOX_beta" },
  ]);

  const after = await streams("diff", environment);
  expect(after).toEqual({ code: 0, lines: [`The streams of site ${site.siteId} are as declared.`] });
});

test("a wrong word or a fault of the environment changes nothing and says what to write", async () => {
  expect(await streams("fix", {})).toEqual({
    code: 1,
    lines: ["usage: node libs/site/src/streams.ts diff|apply"],
  });
  const { code, lines } = await streams("apply", { PEERS: "beta" });
  expect(code).toBe(1);
  expect(lines).toContain("  SITE_ID is required");
});
