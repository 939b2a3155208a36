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

/** What a socket was sent so far. */
function hearing(socket: Socket): () => string {
  const heard: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => heard.push(bytes));
  return () => Buffer.concat(heard).toString();
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

/** Connects through a relay of its own and answers with both ends of the connection. */
async function throughRelay(stack: AsyncDisposableStack, of: { silent?: "caller" | "target" } = {}) {
  const arrived = Promise.withResolvers<Socket>();
  const server = createServer((socket) => arrived.resolve(socket));
  stack.defer(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const between = await startRelay((server.address() as AddressInfo).port);
  stack.defer(() => between.cut());
  if (of.silent) between.silence(of.silent);
  const caller = connect(between.port, "127.0.0.1");
  const target = await arrived.promise;
  const ended = Promise.all(
    [caller, target].map((socket) => {
      // Ended with bytes on their way, a connection is reset: no less an end.
      socket.on("error", () => socket.destroy());
      const closed = Promise.withResolvers<void>();
      socket.on("close", closed.resolve);
      return closed.promise;
    }),
  );
  return { between, caller, target, ended };
}

test.each(["caller", "target"] as const)(
  "a silent %s is not heard, hears on itself and is not told, until restoring ends the connection",
  async (speaker) => {
    await using stack = new AsyncDisposableStack();
    const { between, ended, ...ends } = await throughRelay(stack);
    const [muted, other] = speaker === "caller" ? [ends.caller, ends.target] : [ends.target, ends.caller];
    const [heardByMuted, heardByOther] = [hearing(muted), hearing(other)];
    muted.write("before");
    await expect.poll(heardByOther).toBe("before");

    between.silence(speaker);
    muted.write("lost");
    other.write("still heard");
    await expect.poll(heardByMuted).toBe("still heard");
    expect([muted.destroyed, other.destroyed]).toEqual([false, false]);

    await between.restore();
    await ended;
    expect(heardByOther()).toBe("before");
  },
);

test("who connects while the target is silent hears nothing of it, and what was lost never comes", async () => {
  await using stack = new AsyncDisposableStack();
  const { between, caller, target, ended } = await throughRelay(stack, { silent: "target" });
  const [heardByCaller, heardByTarget] = [hearing(caller), hearing(target)];
  target.write("lost");
  caller.write("is anybody there?");
  await expect.poll(heardByTarget).toBe("is anybody there?");

  await between.restore();
  await ended;
  expect(heardByCaller()).toBe("");
});
