import { once } from "node:events";
import { connect as dial, createServer, type Server, type Socket } from "node:net";

import { afterEach, expect, inject, test } from "vitest";

import { checkPersistence } from "./check-persistence.ts";
import { closeValkey, connectValkey, pingValkey, type ConnectValkeyOptions } from "./connect-valkey.ts";
import { parseValkeyAddress } from "./valkey-address.ts";

const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function connect(options: Partial<ConnectValkeyOptions> = {}) {
  const errors: Error[] = [];
  const client = await connectValkey({
    addresses: [inject("valkeyAddress")],
    onError: (error) => errors.push(error),
    ...options,
  });
  cleanUps.push(() => closeValkey(client));
  return { client, errors };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null
    ? address.port
    : expect.fail("the server has no port");
}

/** A way to the real server that can be cut and stalled, as a network is. */
async function startLink(port = 0) {
  const target = parseValkeyAddress(inject("valkeyAddress"));
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = dial(target.port, target.host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => [near, far].forEach((other) => other.destroy()));
    }
    near.pipe(far).pipe(near);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const usedPort = portOf(server);
  const cut = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    address: `127.0.0.1:${usedPort}`,
    port: usedPort,
    cut,
    stall: () => sockets.forEach((socket) => socket.pause()),
  };
}

test("connects to a server that answers", async () => {
  const { client } = await connect();

  await expect(pingValkey(client)).resolves.toBeUndefined();
});

test("fails with the reason when there is nothing at the address", async () => {
  const link = await startLink();
  await link.cut();

  const failure = await connect({ addresses: [link.address] }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    message: `connect to Valkey at ${link.address}`,
    cause: { message: expect.stringContaining("ECONNREFUSED") },
  });
});

test("fails when something at the address accepts and never answers", async () => {
  const silent = createServer();
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const accepted: Socket[] = [];
  silent.on("connection", (socket) => accepted.push(socket));
  cleanUps.push(() => {
    for (const socket of accepted) socket.destroy();
    silent.close();
  });
  const address = `127.0.0.1:${portOf(silent)}`;

  await expect(connect({ addresses: [address], connectTimeoutMs: 100 })).rejects.toThrow(
    `connect to Valkey at ${address}`,
  );
  expect(accepted.length).toBeGreaterThan(0);
});

test("fails commands at once while the connection is down and works again once it is back", async () => {
  const link = await startLink();
  const { client, errors } = await connect({ addresses: [link.address], commandTimeoutMs: 60_000 });
  await link.cut();
  await expect.poll(() => client.status).toBe("reconnecting");

  await expect(pingValkey(client)).rejects.toThrow("ping Valkey");
  await expect.poll(() => errors.length).toBeGreaterThan(0);

  const again = await startLink(link.port);
  cleanUps.unshift(() => again.cut());
  await expect
    .poll(
      () =>
        pingValkey(client).then(
          () => "answered",
          () => "failed",
        ),
      { timeout: 10_000 },
    )
    .toBe("answered");
});

test("gives up a command the server does not answer", async () => {
  const link = await startLink();
  cleanUps.push(() => link.cut());
  const { client } = await connect({ addresses: [link.address], commandTimeoutMs: 100 });
  link.stall();

  await expect(pingValkey(client)).rejects.toThrow(
    expect.objectContaining({ cause: expect.objectContaining({ message: "Command timed out" }) }),
  );
});

test("finds nothing to warn of on a server that keeps what it answered for", async () => {
  const { client } = await connect();

  expect(await checkPersistence(client)).toEqual([]);
});

test("warns of a setting under which an answered write may be lost", async () => {
  const { client } = await connect();
  // Without a memory limit, and the shared server has none, this setting changes nothing for other tests.
  await client.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  cleanUps.push(() => client.call("CONFIG", "SET", "maxmemory-policy", "noeviction").then(() => undefined));

  expect(await checkPersistence(client)).toEqual([
    `Valkey ${inject("valkeyAddress")}: maxmemory-policy is "allkeys-lru", not "noeviction": a full store throws room keys away`,
  ]);
});

test("warns when the settings of a server cannot be read", async () => {
  const { client } = await connect();
  const user = `no-config-${process.pid}`;
  await client.call("ACL", "SETUSER", user, "on", "nopass", "+@all", "-config");
  cleanUps.push(async () => {
    const { client: admin } = await connect();
    await admin.call("ACL", "DELUSER", user);
    await closeValkey(admin);
  });
  await client.call("AUTH", user, "any");

  expect(await checkPersistence(client)).toEqual([expect.stringMatching(/settings cannot be read: NOPERM/)]);
});
