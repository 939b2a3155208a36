import { join } from "node:path";

import { expect, test } from "vitest";

import { bundleForBrowser } from "./bundle.ts";

const entryOf = (platform: string): string =>
  join(import.meta.dirname, `../../libs/client/src/connect-${platform}.ts`);

// Stronger than reading our own imports: what the packages of others import is in the bundle too.
// K14
test("the client for browsers becomes one script that needs nothing of Node", async () => {
  const script = await bundleForBrowser(entryOf("browser"));

  expect(script).toMatch(/\bas connectParley\b/);
});

test("the client for Node does not become one", async () => {
  await expect(bundleForBrowser(entryOf("node"))).rejects.toThrow(
    /connect-node.ts is not for browsers.*node:/s,
  );
});
