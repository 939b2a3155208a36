import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

import { type ConnectionDeps, serveConnection } from "./connection.ts";
import { createCursors } from "./cursors.ts";
import { openStore } from "./storage/open-store.ts";
import { ProtocolError } from "./wire/frames.ts";
import { removeExpired } from "./time-to-live.ts";

/** More clients at a time are refused. */
const CONNECTIONS_MAX = 4_096;

/** How often MongoDB looks for expired documents. */
const TTL_INTERVAL_MS = 60_000;

export interface EmbeddedMongoOptions {
  /** The address to listen on; loopback when it is absent. */
  readonly host?: string;
  /** 0 or absent: a free port. */
  readonly port?: number;
  /** Where the data is kept; created when it is missing. One server at a time. */
  readonly dir: string;
  /** Pause between two searches for expired documents, in milliseconds. */
  readonly ttlIntervalMs?: number;
  /** Told when the disk refuses a write and the server must end; without it the error is thrown and ends the process. */
  readonly onFailure?: (cause: Error) => void;
}

export interface EmbeddedMongo {
  /** For `new MongoClient(url)`. */
  readonly url: string;
  readonly port: number;
  /** What was found in the directory. */
  readonly loaded: { readonly journalBytes: number; readonly tornBytes: number; readonly compacted: boolean };
  /** Ends all connections, writes what is queued and gives the directory free. */
  close(): Promise<void>;
}

/**
 * Starts the embedded server that speaks MongoDB's wire protocol: for demo and tests only. It accepts what `product-commands.ts`
 * lists, keeps everything in memory and every acknowledged write on the disk.
 *
 * @throws Error when the directory or the port is in use.
 */
export async function startEmbeddedMongo(options: EmbeddedMongoOptions): Promise<EmbeddedMongo> {
  const {
    host = "127.0.0.1",
    port = 0,
    dir,
    ttlIntervalMs = TTL_INTERVAL_MS,
    onFailure = throwLater,
  } = options;
  const opened = await openStore(dir, onFailure);
  removeExpired(opened.store, Date.now());
  const timer = setInterval(() => removeExpired(opened.store, Date.now()), ttlIntervalMs);
  const listener = createListener({ opened, cursors: createCursors() });
  try {
    const boundPort = await listener.listen(host, port);
    return {
      url: `mongodb://${host.includes(":") ? `[${host}]` : host}:${boundPort}/?directConnection=true`,
      port: boundPort,
      loaded: opened.loaded,
      async close() {
        clearInterval(timer);
        await listener.close();
        await opened.close();
      },
    };
  } catch (error) {
    clearInterval(timer);
    await opened.close();
    throw error;
  }
}

interface Listener {
  listen(host: string, port: number): Promise<number>;
  close(): Promise<void>;
}

function createListener(deps: ConnectionDeps): Listener {
  const sockets = new Set<Socket>();
  let lastConnectionId = 0;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    lastConnectionId += 1;
    serveConnection(deps, socket, lastConnectionId)
      .catch((error: unknown) => {
        socket.destroy();
        if (!isClientsFault(error)) throwLater(error);
      })
      .finally(() => {
        socket.destroySoon();
        sockets.delete(socket);
      });
  });
  server.maxConnections = CONNECTIONS_MAX;
  return {
    async listen(host, port) {
      server.listen(port, host);
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Nonsense on the wire, or a connection that broke (such errors of Node have a code): it concerns that client only. */
function isClientsFault(error: unknown): boolean {
  return (
    error instanceof ProtocolError ||
    (error instanceof Error && typeof Reflect.get(error, "code") === "string")
  );
}

function throwLater(cause: unknown): void {
  queueMicrotask(() => {
    throw cause;
  });
}
