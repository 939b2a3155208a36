import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { inCheckout } from "@parley/local-stack/checkout";
import { startMongoServer, type MongoServer } from "@parley/local-stack/mongo-server";
import { startValkeyServer, type ValkeyServer } from "@parley/local-stack/valkey-server";
import { parseKeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { valkeyRoomKeyStore } from "@parley/room-keys/room-key-store.valkey";
import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { afterAll, beforeAll, expect, test } from "vitest";

import { happens } from "../cast/happens.ts";

const COMMAND = join(import.meta.dirname, "../../libs/room-keys/src/keys.ts");
/** As a cluster of three shares its 16384 slots. */
const SLOT_RANGES = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const;
const ROOMS = 200;
const KEY_BYTES = 32;
const freshKey = (keyId: string): string => `${keyId}:${randomBytes(KEY_BYTES).toString("base64")}`;
const [oldKey, newKey] = [freshKey("k1"), freshKey("k2")];
const run = promisify(execFile);

let dir: string;
let nodes: readonly ValkeyServer[];
let client: ValkeyClient;
let mongo: MongoServer;

const connect = (addresses: readonly string[]): Promise<ValkeyClient> =>
  connectValkey({ addresses, onError: () => {} });

/** Gives each node its slots and makes them known to each other. */
async function form(servers: readonly ValkeyServer[]): Promise<void> {
  const clients = await Promise.all(servers.map(({ address }) => connect([address])));
  for (const [index, node] of clients.entries()) {
    await node.cluster("ADDSLOTSRANGE", ...(SLOT_RANGES[index] ?? []));
    for (const { address, busPort } of servers) {
      const [host = "", port = ""] = address.split(":");
      await node.cluster("MEET", host, port, busPort);
    }
  }
  const isWhole = async (node: ValkeyClient): Promise<boolean> => {
    const info = await node.cluster("INFO");
    return info.includes("cluster_state:ok") && info.includes("cluster_size:3");
  };
  expect(await happens(async () => (await Promise.all(clients.map(isWhole))).every(Boolean), 30_000)).toBe(
    true,
  );
  await Promise.all(clients.map(closeValkey));
}

beforeAll(async () => {
  dir = await mkdtemp(inCheckout(".local/rewrap-cluster-"));
  nodes = await Promise.all(
    SLOT_RANGES.map((_range, index) =>
      startValkeyServer({ dir: join(dir, `node-${index}`), inCluster: true }),
    ),
  );
  mongo = await startMongoServer({ dir: join(dir, "mongo") });
  await form(nodes);
  client = await connect(nodes.map(({ address }) => address));
});
afterAll(async () => {
  await closeValkey(client);
  await Promise.all([...nodes, mongo].map((server) => server.stop()));
  await rm(dir, { recursive: true });
});

/** Gives the command as an operator would, with these key-encryption keys. */
async function keys(mode: string, kek: string): Promise<readonly string[]> {
  const addresses = nodes.map(({ address }) => address).join(",");
  const { stdout } = await run(process.execPath, [COMMAND, mode], {
    env: { SITE_ID: "alpha", MONGO_URL: mongo.url, VALKEY_ADDR: addresses, ROOM_KEY_KEK: kek },
  });
  return stdout.trim().split("\n");
}

// R69
test("on a cluster the records of every node are counted and sealed anew", async () => {
  const storeWith = (kek: string) =>
    valkeyRoomKeyStore({
      client,
      sealing: { suite: nodeSuite, keys: parseKeyEncryptionKeys(kek) },
      siteId: "alpha",
      gracePeriodMs: 600_000,
      now: () => Date.now(),
    });
  const rooms = await Promise.all(
    Array.from({ length: ROOMS }, async (_, index) => {
      const [roomId, pair] = [`room${index}`, nodeSuite.generatePair()];
      await storeWith(oldKey).setWithVersion({ roomId, version: 3, pair, revision: 1 });
      return { roomId, pair };
    }),
  );
  const sizes = await Promise.all(
    nodes.map(async ({ address }) => {
      const node = await connect([address]);
      const size = await node.dbsize();
      await closeValkey(node);
      return size;
    }),
  );
  expect(sizes.every((size) => size > 0)).toBe(true);

  expect((await keys("status", oldKey))[1]).toBe(`${ROOMS} records under k1, which seals`);
  expect(await keys("rewrap", `${newKey},${oldKey}`)).toContain(`Done: ${ROOMS} sealed anew under k2.`);
  expect((await keys("status", newKey))[1]).toBe(`${ROOMS} records under k2, which seals`);
  for (const { roomId, pair } of rooms) expect((await storeWith(newKey).get(roomId))?.pair).toEqual(pair);
});
