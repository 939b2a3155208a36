import { Cluster, Redis } from "iovalkey";

import { parseValkeyAddress, type ValkeyAddress } from "./valkey-address.ts";
import { failedTo, valkeyError } from "./valkey-error.ts";

/** A connected client: one server or a cluster. Commands fail at once while the connection is down. */
export type ValkeyClient = Redis | Cluster;

/** Where to connect and how long to wait. */
export interface ConnectValkeyOptions {
  /** `host:port`; one is a server, several are nodes of a cluster. */
  readonly addresses: readonly string[];
  readonly password?: string | undefined;
  /** Told of every fault of the connection, also of each failed attempt to reconnect. */
  readonly onError: (error: Error) => void;
  /** For one attempt to connect, until the store takes commands. */
  readonly connectTimeoutMs?: number;
  /** For one command, reconnecting included: a call to the store ends within it, whatever the network does. */
  readonly commandTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 5000;
const COMMAND_TIMEOUT_MS = 2000;
const RECONNECT_DELAY_MIN_MS = 50;
const RECONNECT_DELAY_MAX_MS = 2000;

/**
 * Milliseconds before the `attempt`-th (1, 2, …) reconnection: 50 doubling up to 2000, of which a random half is left
 * out so that the processes of a site do not return all at once.
 */
export function reconnectDelayMs(attempt: number, random: () => number = Math.random): number {
  const delayMs = Math.min(RECONNECT_DELAY_MIN_MS * 2 ** (attempt - 1), RECONNECT_DELAY_MAX_MS);
  return Math.round(delayMs * (1 - random() / 2));
}

const reconnectDelay = (attempt: number): number => reconnectDelayMs(attempt);

function createClient(
  options: ConnectValkeyOptions,
  addresses: readonly [ValkeyAddress, ...ValkeyAddress[]],
): ValkeyClient {
  const { password } = options;
  const connection = {
    connectTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    commandTimeout: options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS,
    ...(password === undefined ? {} : { password }),
  };
  const behaviour = { lazyConnect: true, enableOfflineQueue: false };
  if (addresses.length === 1)
    return new Redis({
      ...addresses[0],
      ...connection,
      ...behaviour,
      // Commands of one turn of the event loop share a write: a worker of many rooms sends several for each event. Not
      // on a cluster, where a pipeline whose keys have moved fails as a whole.
      enableAutoPipelining: true,
      retryStrategy: reconnectDelay,
    });
  return new Cluster([...addresses], {
    ...behaviour,
    redisOptions: connection,
    clusterRetryStrategy: reconnectDelay,
  });
}

/** Waits for the client itself, since a cluster client whose first check fails settles its own promise never. */
function readyWithin(client: ValkeyClient, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`not ready within ${timeoutMs} ms`)), timeoutMs);
  client.once("ready", resolve);
  client.connect().then(resolve, reject);
  return promise.finally(() => clearTimeout(timer));
}

/**
 * Connects and returns once the store takes commands. Later faults are the client's own business: it reconnects for
 * as long as it is open, with a delay of at most 2 s; a command in flight when the connection broke is repeated, so
 * every script sent here must be safe to repeat.
 * @throws {Error} when the first attempt fails (the caller decides how long to go on trying), or for a bad address
 */
export async function connectValkey(options: ConnectValkeyOptions): Promise<ValkeyClient> {
  const [first, ...others] = options.addresses.map(parseValkeyAddress);
  if (first === undefined) throw new Error("no Valkey address given");
  const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const client = createClient(options, [first, ...others]);
  let reason: Error | undefined;
  client.on("error", (error: unknown) => {
    reason = valkeyError(error);
    options.onError(reason);
  });
  await readyWithin(client, connectTimeoutMs).catch((error: unknown) => {
    client.disconnect();
    failedTo(`connect to Valkey at ${options.addresses.join(", ")}`)(reason ?? error);
  });
  return client;
}

/**
 * Ends the client after the commands in flight. A server that is gone or does not answer within the command timeout
 * cannot keep it open: there is nothing left that a farewell would save.
 */
export async function closeValkey(client: ValkeyClient): Promise<void> {
  const leave = (): void => client.disconnect();
  if (client.status === "ready") await client.quit().then(leave, leave);
  else leave();
}

/** @throws {Error} unless the store answers within the command timeout */
export async function pingValkey(client: ValkeyClient): Promise<void> {
  await client.ping().catch(failedTo("ping Valkey"));
}
