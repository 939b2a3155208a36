import { type Db, MongoClient } from "mongodb";

import { storeCall } from "./store-call.ts";

/**
 * How long a call may take before it counts as unanswered (ms). A request is answered within 5 s; a call that hangs is
 * noticed after `socketMs`, and a read is tried once more on whatever server is found within `selectionMs`.
 */
const TIMEOUTS = { selectionMs: 1500, connectMs: 1500, poolMs: 1500, socketMs: 3000 } as const;

export interface MongoOptions {
  /** `mongodb://…`; replica sets and logins as the driver reads them. */
  readonly url: string;
  readonly database: string;
  /** The process's name, shown in the server's log and current operations. */
  readonly appName: string;
  /** Connections to one server at most; default 50. */
  readonly connectionsMax?: number;
  /** Makes the client report every command it sends (`commandStarted`); for tests. */
  readonly monitorCommands?: boolean;
}

export interface MongoConnection {
  readonly client: MongoClient;
  readonly database: Db;
  /** @throws Failure `store_unavailable` */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects to a site's MongoDB: writes wait for the majority, reads ask the primary, every wait is bounded, and fields
 * that are `undefined` are not stored.
 *
 * @throws Failure `store_unavailable` when no server answers in time: the caller decides whether to try again
 * @throws Error when the address itself is wrong
 */
export async function connectMongo(options: MongoOptions): Promise<MongoConnection> {
  const client = await storeCall("reading the address", async () => clientOf(options));
  const database = client.db(options.database);
  const ping = () =>
    storeCall("pinging", async () => {
      await database.command({ ping: 1 });
    });
  const connection = { client, database, ping, close: () => client.close() };
  try {
    await storeCall("connecting", () => client.connect());
    await ping();
  } catch (error) {
    await client.close();
    throw error;
  }
  return connection;
}

function clientOf(options: MongoOptions): MongoClient {
  return new MongoClient(options.url, {
    appName: options.appName,
    maxPoolSize: options.connectionsMax ?? 50,
    monitorCommands: options.monitorCommands ?? false,
    ignoreUndefined: true,
    readPreference: "primary",
    writeConcern: { w: "majority", wtimeoutMS: TIMEOUTS.socketMs },
    serverSelectionTimeoutMS: TIMEOUTS.selectionMs,
    connectTimeoutMS: TIMEOUTS.connectMs,
    waitQueueTimeoutMS: TIMEOUTS.poolMs,
    socketTimeoutMS: TIMEOUTS.socketMs,
  });
}
