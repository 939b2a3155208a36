import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from "@nats-io/jetstream";
import type { ConnectionOptions, NatsConnection, ServerInfo } from "@nats-io/nats-core";
import { connect, credsAuthenticator } from "@nats-io/transport-node";
import { LIMITS } from "@parley/contract/limits";

/** The oldest nats-server whose behaviour this release relies on (DESIGN 4). */
const SERVER_FLOOR = { major: 2, minor: 14 } as const;
const CONNECT_TIMEOUT_MS = 5000;
const RECONNECT_WAIT_MS = 250;
const PING_INTERVAL_MS = 5000;

/** A connection to the site's broker and what everybody asks of it. */
export interface Broker {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Largest payload the broker takes (bytes). */
  readonly payloadBytesMax: number;
  /** Resolves once everything published so far is with the broker. Calls of one turn of the event loop share a round trip. */
  flush(): Promise<void>;
  /** How often the connection was lost so far; see `flush-guard.ts`. */
  disconnects(): number;
  connected(): boolean;
  /** Sends what is buffered, answers what is under way, then closes. */
  close(): Promise<void>;
}

export interface BrokerOptions {
  /** `nats://[user:password@]host:port`; `tls://` to have the connection encrypted. */
  readonly url: string;
  /** Content of a credentials file; instead of user and password. */
  readonly credentials?: Uint8Array | undefined;
  /** Shown in the broker's connection list. */
  readonly name: string;
  readonly inboxPrefix: string;
  /** The JetStream domain the broker must have; the site's id unless configured otherwise. */
  readonly domain: string;
}

function connectionOptions(options: BrokerOptions): ConnectionOptions {
  const url = new URL(options.url);
  const password = url.username
    ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
    : {};
  const authenticator = options.credentials ? { authenticator: credsAuthenticator(options.credentials) } : {};
  return {
    servers: `${url.hostname}:${url.port || "4222"}`,
    ...(url.protocol === "tls:" && { tls: {} }),
    name: options.name,
    inboxPrefix: options.inboxPrefix,
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    ignoreAuthErrorAbort: true,
    // A stack of its own for every request, in case that it fails, was a tenth of room-service's work.
    noAsyncTraces: true,
    ...password,
    ...authenticator,
  };
}

/** The broker is not one this release can rely on; its message says what to change. */
export class UnfitServer extends Error {
  override readonly name = "UnfitServer";
}

/** Answers the largest payload. Throws `UnfitServer`. */
function assertServer(connection: NatsConnection, domain: string): number {
  // The broker tells its JetStream domain; the client's type does not know the field.
  const info: (ServerInfo & { readonly domain?: string }) | undefined = connection.info;
  const version = info?.version ?? "0.0.0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < SERVER_FLOOR.major || (major === SERVER_FLOOR.major && minor < SERVER_FLOOR.minor))
    throw new UnfitServer(
      `nats-server is ${version}; install ${SERVER_FLOOR.major}.${SERVER_FLOOR.minor} or newer`,
    );
  if (!info?.jetstream)
    throw new UnfitServer("the broker has no JetStream; add a jetstream block to its configuration");
  if (info.domain !== domain)
    throw new UnfitServer(
      `the broker's JetStream domain is ${info.domain ?? "not set"}; set it, or NATS_DOMAIN, to ${domain}`,
    );
  if (info.max_payload < LIMITS.payloadBytesMin)
    throw new UnfitServer(
      `the broker's max_payload is ${info.max_payload}; raise it to ${LIMITS.payloadBytesMin} or more`,
    );
  return info.max_payload;
}

/** A round trip that begins after this turn covers whatever was published before it, by however many rooms. */
function sharedFlush(connection: NatsConnection): () => Promise<void> {
  let next: Promise<void> | undefined;
  return () => {
    next ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        next = undefined;
        connection.flush().then(resolve, reject);
      });
    });
    return next;
  };
}

/** Connects and checks version, JetStream, domain and `max_payload` (SPEC-rooms 9.1). Throws when one is wrong. */
export async function connectNats(options: BrokerOptions): Promise<Broker> {
  const connection = await connect(connectionOptions(options));
  let lost = 0;
  let connected = true;
  const watching = (async () => {
    for await (const status of connection.status()) {
      if (status.type === "disconnect") {
        lost += 1;
        connected = false;
      }
      if (status.type === "reconnect") connected = true;
    }
  })();
  try {
    const payloadBytesMax = assertServer(connection, options.domain);
    return {
      connection,
      jetstream: jetstream(connection),
      manager: await jetstreamManager(connection, { checkAPI: false }),
      payloadBytesMax,
      flush: sharedFlush(connection),
      disconnects: () => lost,
      connected: () => connected && !connection.isClosed(),
      close: async () => {
        if (!connection.isClosed()) await connection.drain();
        await watching;
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
