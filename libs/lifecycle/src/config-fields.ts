import { readFileSync } from "node:fs";

import { LOG_LEVELS } from "@parley/contract/observe";
import { isSiteId } from "@parley/contract/tokens";
import { z } from "zod";

import { keyEncryptionKeys } from "./key-encryption-keys.ts";
import { TIMER_MS_MAX, wholeNumber } from "./whole-number.ts";

const ADDRESS = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/;
const PORT_MAX = 65_535;
const ENTRIES_MAX = 100;

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));
/** An IPv6 host stands in brackets, which are no part of it. */
const hostOf = (address: string): string =>
  address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
const isAddress = (text: string): boolean => ADDRESS.test(text) && portOf(text) <= PORT_MAX;

const isListOf = (check: (entry: string) => boolean, text: string): boolean => {
  const entries = text.split(",");
  return entries.length <= ENTRIES_MAX && entries.every(check) && new Set(entries).size === entries.length;
};

const isUrlOf = (protocols: readonly string[], text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && protocols.includes(url.protocol) && url.hostname !== "";
};

/** The site as another field sees it: its own faults are told by `siteId` alone. */
const ownSite = z.string().optional().meta({ variable: "SITE_ID", example: "site-a" });

const timer = (variable: string, otherwise: number, from = 1) =>
  wholeNumber({ variable, from, to: TIMER_MS_MAX, otherwise });

const count = (variable: string, otherwise: number, from = 1) => wholeNumber({ variable, from, otherwise });

/** The file's content: what it holds is checked by the broker, not here. */
const credentialsFile = z.string().transform((file, context): Uint8Array => {
  try {
    return readFileSync(file);
  } catch {
    context.addIssue({ code: "custom", message: "must name a file that this process can read" });
    return z.NEVER;
  }
});

/** Every variable of the product, with rule and default (SPEC-rooms 9.1). A process composes what it uses. */
export const configFields = {
  siteId: z
    .string()
    .refine(isSiteId, { error: "must be 1-32 characters of a-z, 0-9 and -, and no reserved word" })
    .meta({ variable: "SITE_ID", example: "site-a" }),
  /** May hold user and password, so it is as secret as they are. */
  natsUrl: z
    .string()
    .refine((text) => isUrlOf(["nats:", "tls:"], text), {
      error: "must be a nats:// or tls:// address",
    })
    .meta({ variable: "NATS_URL", example: "nats://nats:4222" }),
  /** The content of the credentials file. */
  natsCreds: credentialsFile.optional().meta({ variable: "NATS_CREDS", example: "/run/secrets/nats.creds" }),
  natsDomain: z
    .object({
      domain: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "must be 1-64 letters, digits, - or _" })
        .optional()
        .meta({ variable: "NATS_DOMAIN", example: "site-a" }),
      ownSite,
    })
    .transform((of): string => of.domain ?? of.ownSite ?? ""),
  mongoUrl: z
    .string()
    .regex(/^mongodb(?:\+srv)?:\/\/[^\s/]+(?:\/\S*)?$/, {
      error: "must be a mongodb:// or mongodb+srv:// address",
    })
    .meta({ variable: "MONGO_URL", example: "mongodb://mongo:27017/?replicaSet=rs0" }),
  mongoDb: z
    .object({
      name: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,63}$/, { error: "must be 1-63 letters, digits, - or _" })
        .optional()
        .meta({ variable: "MONGO_DB", example: "parley_site-a" }),
      ownSite,
    })
    .transform((of): string => of.name ?? `parley_${of.ownSite ?? ""}`),
  valkeyAddresses: z
    .string()
    .refine((text) => isListOf(isAddress, text), { error: "must be host:port, several separated by commas" })
    .transform((text) => text.split(",").map((address) => ({ host: hostOf(address), port: portOf(address) })))
    .meta({ variable: "VALKEY_ADDR", example: "valkey:6379" }),
  valkeyPassword: z
    .string()
    .min(1, { error: "must not be empty when it is set" })
    .optional()
    .meta({ variable: "VALKEY_PASSWORD", example: '"$(cat /run/secrets/valkey-password)"' }),
  keyEncryptionKeys,
  peers: z
    .object({
      list: z
        .string()
        .refine((text) => isListOf(isSiteId, text), {
          error: "must be site ids, each once, separated by commas",
        })
        .optional()
        .meta({ variable: "PEERS", example: "site-b,site-c" }),
      ownSite,
    })
    .transform((of, context): readonly string[] => {
      const peers = of.list?.split(",") ?? [];
      if (of.ownSite === undefined || !peers.includes(of.ownSite)) return peers;
      context.addIssue({ code: "custom", message: "must name other sites only", path: ["list"] });
      return z.NEVER;
    }),

  /** A snapshot of the largest room still fits one message. */
  maxRoomSize: wholeNumber({ variable: "MAX_ROOM_SIZE", from: 2, to: 2000, otherwise: 1000 }),
  maxBatchSize: wholeNumber({ variable: "MAX_BATCH_SIZE", from: 1, to: 1000, otherwise: 1000 }),
  roomKeyGracePeriodMs: count("ROOM_KEY_GRACE_PERIOD_MS", 86_400_000, 60_000),
  /** `sealed`: no account is handed keys but wrapped for its devices. */
  keyDelivery: z
    .enum(["open", "sealed"], { error: "must be open or sealed" })
    .default("open")
    .meta({ variable: "KEY_DELIVERY", example: "open" }),
  keyFanoutConcurrency: count("KEY_FANOUT_CONCURRENCY", 32),
  roomKeyRpcTimeoutMs: timer("ROOM_KEY_RPC_TIMEOUT_MS", 5000),
  roomKeyMaxRedeliver: count("ROOM_KEY_MAX_REDELIVER", 10),
  reconcileIntervalMs: timer("RECONCILE_INTERVAL_MS", 600_000, 10_000),
  maxInFlight: count("MAX_IN_FLIGHT", 256),
  /** Members of all cached rooms together. */
  roomCacheMembers: count("ROOM_CACHE_MEMBERS", 500_000, 2000),
  pinLimit: count("PIN_LIMIT", 10),
  rateMessagesPerSecond: count("RATE_MESSAGES_PER_SECOND", 20),
  agentRateMessagesPerSecond: count("AGENT_RATE_MESSAGES_PER_SECOND", 5),
  /** Members; 0 is off. */
  largeRoomThreshold: count("LARGE_ROOM_THRESHOLD", 0, 0),

  consumerAckWaitMs: timer("CONSUMER_ACK_WAIT_MS", 10_000),
  consumerMaxAckPending: count("CONSUMER_MAX_ACK_PENDING", 20_000),
  consumerBatch: count("CONSUMER_BATCH", 100),
  consumerPinTimeoutMs: timer("CONSUMER_PIN_TIMEOUT_MS", 3000),

  readyStallMs: timer("READY_STALL_MS", 30_000),
  startupTimeoutMs: timer("STARTUP_TIMEOUT_MS", 60_000),
  shutdownTimeoutMs: timer("SHUTDOWN_TIMEOUT_MS", 25_000),
  /** Without a host, every interface; port 0 takes a free one. */
  healthAddress: z
    .string()
    .refine((text) => isAddress(text.startsWith(":") ? `any${text}` : text), {
      error: "must be :port or host:port",
    })
    .transform((text) => ({ ...(text.startsWith(":") ? {} : { host: hostOf(text) }), port: portOf(text) }))
    .default({ port: 8081 })
    .meta({ variable: "HEALTH_ADDR", example: ":8081" }),
  logLevel: z
    .enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(", ")}` })
    .default("info")
    .meta({ variable: "LOG_LEVEL", example: "info" }),
  bootstrapStreams: z
    .stringbool({ error: "must be true or false" })
    .default(false)
    .meta({ variable: "BOOTSTRAP_STREAMS", example: "false" }),
};
