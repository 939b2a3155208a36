import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

import { afterAll, beforeAll, expect, test } from "vitest";

import { startRelay, type Relay } from "./relay.ts";

const echo = createServer((socket) => socket.pipe(socket));
let relay: Relay;
beforeAll(async () => {
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  relay = await startRelay((echo.address() as AddressInfo).port);
});
afterAll(async () => {
  await relay.cut();
  echo.close();
});

async function connected(): Promise<Socket> {
  const socket = connect(relay.port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

async function echoOf(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [bytes]: Buffer[] = await once(socket, "data");
  return bytes?.toString() ?? "";
}

test("passes bytes on both ways", async () => {
  await using socket = await connected();

  expect(await echoOf(socket, "one")).toBe("one");
});

test("once cut it ends what was connected and refuses whoever comes, until it is restored", async () => {
  await using before = await connected();
  expect(await echoOf(before, "one")).toBe("one");

  const ended = once(before, "close");
  await relay.cut();
  await relay.cut();
  await ended;
  await expect(connected()).rejects.toThrow(/ECONNREFUSED/);

  await relay.restore();
  await relay.restore();
  await using after = await connected();
  expect(await echoOf(after, "two")).toBe("two");
});

test("a side that ends ends the other", async () => {
  await using socket = await connected();
  expect(await echoOf(socket, "one")).toBe("one");
  const ended = once(socket, "close");

  socket.end();

  await ended;
});
