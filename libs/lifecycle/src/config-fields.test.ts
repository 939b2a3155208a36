import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";
import { z } from "zod";

import { configFields } from "./config-fields.ts";
import { parseConfig, type Environment } from "./parse-config.ts";

const everything = z.object(configFields);
const folder = mkdtempSync(join(tmpdir(), "config-fields-"));
afterAll(() => rmSync(folder, { recursive: true }));

const KEY = Buffer.alloc(32, 7).toString("base64");
const OTHER_KEY = Buffer.alloc(32, 8).toString("base64");
const REQUIRED: Environment = {
  SITE_ID: "site-a",
  NATS_URL: "nats://nats:4222",
  MONGO_URL: "mongodb://mongo:27017/?replicaSet=rs0",
  VALKEY_ADDR: "valkey:6379",
  ROOM_KEY_KEK: `k1:${KEY}`,
};

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The variables that are refused when these are set beside the required ones. */
function refused(changed: Environment): readonly string[] {
  const parsed = parseConfig(everything, { ...REQUIRED, ...changed });
  return parsed.ok ? [] : parsed.faults.map(({ variables }) => variables.join(" or "));
}

const wronglyRefused = (variable: string, texts: readonly string[]) =>
  texts.filter((text) => refused({ [variable]: text }).length > 0);
const wronglyAccepted = (variable: string, texts: readonly string[]) =>
  texts.filter((text) => refused({ [variable]: text }).join() !== variable);

function accepted(changed: Environment): z.output<typeof everything> {
  const parsed = parseConfig(everything, { ...REQUIRED, ...changed });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.config;
}

test("takes the documented default of whatever is not set", () => {
  const { siteId, natsUrl, mongoUrl, valkeyAddresses, keyEncryptionKeys, ...defaults } = accepted({});
  expect({ siteId, natsUrl, mongoUrl, valkeyAddresses }).toEqual({
    siteId: "site-a",
    natsUrl: "nats://nats:4222",
    mongoUrl: "mongodb://mongo:27017/?replicaSet=rs0",
    valkeyAddresses: [{ host: "valkey", port: 6379 }],
  });
  expect(keyEncryptionKeys.keyOf(keyEncryptionKeys.sealingKeyId)).toEqual(new Uint8Array(32).fill(7));
  expect(defaults).toEqual({
    natsCreds: undefined,
    natsDomain: "site-a",
    mongoDb: "parley_site-a",
    valkeyPassword: undefined,
    peers: [],
    maxRoomSize: 1000,
    maxBatchSize: 1000,
    roomKeyGracePeriodMs: 86_400_000,
    keyDelivery: "open",
    keyFanoutConcurrency: 32,
    roomKeyRpcTimeoutMs: 5000,
    roomKeyMaxRedeliver: 10,
    reconcileIntervalMs: 600_000,
    maxInFlight: 256,
    roomCacheMembers: 500_000,
    pinLimit: 10,
    rateMessagesPerSecond: 20,
    agentRateMessagesPerSecond: 5,
    largeRoomThreshold: 0,
    consumerAckWaitMs: 10_000,
    consumerMaxAckPending: 20_000,
    consumerBatch: 100,
    consumerPinTimeoutMs: 3000,
    readyStallMs: 30_000,
    startupTimeoutMs: 60_000,
    shutdownTimeoutMs: 25_000,
    healthAddress: { port: 8081 },
    logLevel: "info",
    bootstrapStreams: false,
  });
});

// R93
test("requires site, broker, database, key store and key-encryption key, and says so of all of them", () => {
  const parsed = parseConfig(everything, {});
  expect(parsed.ok ? [] : parsed.faults.map(({ variables, problem }) => [variables.join(), problem])).toEqual(
    [
      ["SITE_ID", "is required"],
      ["NATS_URL", "is required"],
      ["MONGO_URL", "is required"],
      ["VALKEY_ADDR", "is required"],
      ["ROOM_KEY_KEK,ROOM_KEY_KEK_FILE", "must be set, exactly one of the two"],
    ],
  );
});

/** Variable, smallest value, largest value where SPEC-rooms 9.1 or a timer of Node sets one. */
const NUMBERS: [variable: string, from: number, to?: number][] = [
  ["MAX_ROOM_SIZE", 2, 2000],
  ["MAX_BATCH_SIZE", 1, 1000],
  ["ROOM_KEY_GRACE_PERIOD_MS", 60_000],
  ["KEY_FANOUT_CONCURRENCY", 1],
  ["ROOM_KEY_RPC_TIMEOUT_MS", 1, 2_147_483_647],
  ["ROOM_KEY_MAX_REDELIVER", 1],
  ["RECONCILE_INTERVAL_MS", 10_000, 2_147_483_647],
  ["MAX_IN_FLIGHT", 1],
  ["ROOM_CACHE_MEMBERS", 2000],
  ["PIN_LIMIT", 1],
  ["RATE_MESSAGES_PER_SECOND", 1],
  ["AGENT_RATE_MESSAGES_PER_SECOND", 1],
  ["LARGE_ROOM_THRESHOLD", 0],
  ["CONSUMER_ACK_WAIT_MS", 1, 2_147_483_647],
  ["CONSUMER_MAX_ACK_PENDING", 1],
  ["CONSUMER_BATCH", 1],
  ["CONSUMER_PIN_TIMEOUT_MS", 1, 2_147_483_647],
  ["READY_STALL_MS", 1, 2_147_483_647],
  ["STARTUP_TIMEOUT_MS", 1, 2_147_483_647],
  ["SHUTDOWN_TIMEOUT_MS", 1, 2_147_483_647],
];

test.each(NUMBERS)("takes whole numbers only for %s, from %i", (...range) => {
  const [variable, from, to = Number.MAX_SAFE_INTEGER] = range;
  const outside = [String(from - 1), String(BigInt(to) + 1n)];
  const malformed = [
    "",
    " ",
    "7d",
    "1.5",
    "-1",
    "+5000",
    "abc",
    "05000",
    "5e3",
    "0x10",
    "5000 ",
    "Infinity",
    "٣",
  ];
  expect(wronglyRefused(variable, [String(from), String(to)])).toEqual([]);
  expect(wronglyAccepted(variable, [...outside, ...malformed])).toEqual([]);
});

test.each([
  [
    "SITE_ID",
    ["a", "site-b", "0", "x".repeat(32)],
    ["", "Site", "a.b", "a b", "a*", "x".repeat(33), "_", "event"],
  ],
  ["SITE_ID", [], ["local", "canonical", "request", "server", "site_a", "site-a\n"]],
  [
    "NATS_URL",
    ["tls://a:4222", "nats://u:p@127.0.0.1:4222"],
    ["", "nats", "nats:4222", "http://a", "nats://"],
  ],
  [
    "MONGO_URL",
    ["mongodb+srv://u:p@a", "mongodb://a:1,b:2/x?y=z"],
    ["", "mongo:27017", "http://a", "mongodb://"],
  ],
  [
    "VALKEY_ADDR",
    ["[::1]:6379", "a:1,b:2"],
    ["", "a", "a:", ":6379", "a:1,", "a:1, b:2", "a:65536", "a:1,a:1"],
  ],
  ["NATS_DOMAIN", ["hub", "Site_1"], ["", "a.b", "a*", ">"]],
  ["MONGO_DB", ["parley", "p_1-x"], ["", "a.b", "a/b", "a$", "x".repeat(64)]],
  ["VALKEY_PASSWORD", ["anything at all"], [""]],
  [
    "PEERS",
    ["site-b", "site-b,site-c"],
    ["", "site-a", "site-b,", "site-b,site-b", "site-b, site-c", "server"],
  ],
  [
    "HEALTH_ADDR",
    [":0", "127.0.0.1:80", "[::]:80"],
    ["", "8081", ":", ":x", ":65536", "a b:1", "http://a:1"],
  ],
  ["LOG_LEVEL", ["debug", "error"], ["", "verbose", "trace"]],
  ["KEY_DELIVERY", ["open", "sealed"], ["", "closed", "Open"]],
  ["BOOTSTRAP_STREAMS", ["true", "false"], ["", "perhaps", "2"]],
])("checks the form of %s", (variable, good, bad) => {
  expect(wronglyRefused(variable, good)).toEqual([]);
  expect(wronglyAccepted(variable, bad)).toEqual([]);
});

test("takes addresses apart and derives names from the site", () => {
  const config = accepted({
    SITE_ID: "site-z",
    VALKEY_ADDR: "[::1]:6379,valkey-2:6380",
    HEALTH_ADDR: "127.0.0.1:9000",
    PEERS: "site-b,site-c",
    BOOTSTRAP_STREAMS: "true",
  });
  expect(config).toMatchObject({
    natsDomain: "site-z",
    mongoDb: "parley_site-z",
    valkeyAddresses: [
      { host: "::1", port: 6379 },
      { host: "valkey-2", port: 6380 },
    ],
    healthAddress: { host: "127.0.0.1", port: 9000 },
    peers: ["site-b", "site-c"],
    bootstrapStreams: true,
  });
});

test("seals with the first key-encryption key and opens with all, from the variable or from a file", () => {
  const text = `k2:${OTHER_KEY},k1:${KEY}`;
  const inline = accepted({ ROOM_KEY_KEK: text });
  const fromFile = accepted({ ROOM_KEY_KEK: undefined, ROOM_KEY_KEK_FILE: file("keys", `${text}\n`) });
  for (const { keyEncryptionKeys } of [inline, fromFile]) {
    expect(keyEncryptionKeys.sealingKeyId).toBe("k2");
    expect(keyEncryptionKeys.keyOf("k2")).toEqual(new Uint8Array(32).fill(8));
    expect(keyEncryptionKeys.keyOf("k1")).toEqual(new Uint8Array(32).fill(7));
    expect(keyEncryptionKeys.keyOf("k3")).toBeUndefined();
  }
});

test.each([
  "",
  KEY,
  `:${KEY}`,
  `k.1:${KEY}`,
  "k1:",
  `k1:${Buffer.alloc(31).toString("base64")}`,
  `k1:${Buffer.alloc(33).toString("base64")}`,
  `k1:${KEY.replace("=", "")}`,
  `k1:${KEY},`,
  `k1:${KEY},k1:${OTHER_KEY}`,
])("refuses the key-encryption keys %j, in the variable and in a file", (text) => {
  expect(refused({ ROOM_KEY_KEK: text })).toEqual(["ROOM_KEY_KEK"]);
  const path = file("malformed", text);
  expect(refused({ ROOM_KEY_KEK: undefined, ROOM_KEY_KEK_FILE: path })).toEqual(["ROOM_KEY_KEK_FILE"]);
});

test("tells of both sources of keys at once, and what else is wrong with each", () => {
  const both = refused({
    ROOM_KEY_KEK: "nonsense",
    ROOM_KEY_KEK_FILE: join(folder, "absent"),
    MAX_ROOM_SIZE: "1",
  });
  expect(both).toEqual([
    "ROOM_KEY_KEK or ROOM_KEY_KEK_FILE",
    "ROOM_KEY_KEK",
    "ROOM_KEY_KEK_FILE",
    "MAX_ROOM_SIZE",
  ]);
});

test("reads the credentials file", () => {
  const creds = accepted({ NATS_CREDS: file("creds", "seed") }).natsCreds;
  expect(Buffer.from(creds ?? []).toString()).toBe("seed");
  expect(refused({ NATS_CREDS: folder })).toEqual(["NATS_CREDS"]);
  expect(refused({ NATS_CREDS: "" })).toEqual(["NATS_CREDS"]);
});
