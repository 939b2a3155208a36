import { once } from "node:events";
import { createServer } from "node:net";

import { expect, test } from "vitest";

import { withFreePorts } from "./with-free-ports.ts";

test("hands out ports that can be listened on, each once", async () => {
  await withFreePorts(3, async (ports) => {
    expect(new Set(ports).size).toBe(3);
    for (const port of ports) {
      const server = createServer().listen(port, "127.0.0.1");
      await once(server, "listening");
      server.close();
      await once(server, "close");
    }
  });
});

test("starts again with other ports when somebody took one", async () => {
  const tried: number[] = [];

  await withFreePorts(1, async ([port = 0]) => {
    tried.push(port);
    if (tried.length < 3) {
      throw new Error("nats-server ended while starting: listen tcp: bind: address already in use");
    }
  });

  expect(new Set(tried).size).toBe(3);
});

test("gives up after five collisions, and at once for any other reason", async () => {
  let attempts = 0;
  const failing = (message: string) =>
    withFreePorts(1, async () => {
      attempts += 1;
      throw new Error(message);
    });

  await expect(failing("EADDRINUSE")).rejects.toThrow("EADDRINUSE");
  expect(attempts).toBe(5);
  await expect(failing("no space left")).rejects.toThrow("no space left");
  expect(attempts).toBe(6);
});
