import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, test } from "vitest";

import { isServing } from "./probe.ts";

async function serving(stack: AsyncDisposableStack, status: number): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end("body"));
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return `127.0.0.1:${port}`;
}

test("a process serves when its address answers with success", async () => {
  await using stack = new AsyncDisposableStack();

  expect(await isServing(`http://${await serving(stack, 200)}/readyz`)).toBe(true);
  expect(await isServing(`http://${await serving(stack, 503)}/readyz`)).toBe(false);
});

test("a server serves when it accepts connections", async () => {
  await using stack = new AsyncDisposableStack();

  expect(await isServing(`tcp://${await serving(stack, 503)}`)).toBe(true);
});

test("nobody serves where nobody listens", async () => {
  const stack = new AsyncDisposableStack();
  const address = await serving(stack, 200);
  await stack.disposeAsync();

  expect(await isServing(`http://${address}/readyz`)).toBe(false);
  expect(await isServing(`tcp://${address}`)).toBe(false);
});
