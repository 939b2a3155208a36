import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import { startProcess } from "@parley/site/test/spawn-process";
import { expect, onTestFinished, test } from "vitest";

/** Something that every address of a configuration may name; it notes who connects. */
async function openListener(): Promise<{ address: string; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, connections: () => connections };
}

/** What the process wrote and how it ended. */
async function run(environment: Record<string, string>): Promise<{ output: string; code: number | string }> {
  await using started = startProcess("room-service", environment);
  const code = await started.ended;
  return { output: started.output(), code };
}

// R93
test("a wrong configuration ends it with every fault named, before anything is connected to", async () => {
  const { address, connections } = await openListener();
  const { output, code } = await run({
    SITE_ID: "Not A Site",
    NATS_URL: `nats://${address}`,
    MONGO_URL: `mongodb://${address}`,
    VALKEY_ADDR: address,
    ROOM_KEY_KEK: "k1:secret",
    PEERS: "site-b,site-b",
    MAX_ROOM_SIZE: "1",
    MAX_BATCH_SIZE: "many",
    MAX_IN_FLIGHT: "0",
    LOG_LEVEL: "loud",
  });
  expect(code).toBe(1);
  expect(output).toContain("The configuration has 7 faults; nothing was started.");
  for (const variable of [
    "SITE_ID",
    "ROOM_KEY_KEK",
    "PEERS",
    "MAX_ROOM_SIZE",
    "MAX_BATCH_SIZE",
    "MAX_IN_FLIGHT",
    "LOG_LEVEL",
  ])
    expect(output).toMatch(new RegExp(`^ {2}${variable} .+\\n {6}for example ${variable}=`, "m"));
  expect(output).not.toContain("secret");
  expect(connections()).toBe(0);
});

test("a missing address or key of the key store ends it too", async () => {
  const { address, connections } = await openListener();
  const { output, code } = await run({
    SITE_ID: "site-a",
    NATS_URL: `nats://${address}`,
    MONGO_URL: `mongodb://${address}`,
  });
  expect(code).toBe(1);
  expect(output).toContain("VALKEY_ADDR is required");
  expect(output).toContain("ROOM_KEY_KEK or ROOM_KEY_KEK_FILE must be set");
  expect(connections()).toBe(0);
});

test("it gives up when its dependencies do not come in time", async () => {
  const { address, connections } = await openListener();
  const { output, code } = await run({
    SITE_ID: "site-a",
    NATS_URL: `nats://${address}`,
    MONGO_URL: `mongodb://${address}`,
    VALKEY_ADDR: address,
    ROOM_KEY_KEK: `k1:${Buffer.alloc(32, 7).toString("base64")}`,
    STARTUP_TIMEOUT_MS: "300",
  });
  expect(code).toBe(1);
  expect(output).toContain('"event":"startup_timed_out"');
  expect(connections()).toBeGreaterThan(0);
});
