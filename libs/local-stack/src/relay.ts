import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

import { withFreePorts } from "./with-free-ports.ts";

/** A loopback port that leads to another one and can be closed and opened. */
export interface Relay {
  readonly port: number;
  /** Ends every connection and refuses new ones; nothing to do when it is cut. */
  cut(): Promise<void>;
  /** Takes connections again, on the same port; nothing to do when it is open. */
  restore(): Promise<void>;
}

/** Starts a relay in this process: what a cut network does to a link, without touching either side's process. */
export async function startRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const open = (at: number) => listening(at, (arriving) => join(sockets, arriving, targetPort));
  let server: Server | undefined;
  const port = await withFreePorts(1, async ([free = 0]) => {
    server = await open(free);
    return free;
  });
  return {
    port,
    async cut() {
      const closing = server;
      server = undefined;
      if (closing !== undefined) {
        const closed = once(closing, "close");
        closing.close();
        sockets.forEach((socket) => socket.destroy());
        await closed;
      }
    },
    async restore() {
      server ??= await open(port);
    },
  };
}

async function listening(port: number, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onConnection);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Passes bytes on both ways until either side ends. */
function join(sockets: Set<Socket>, arriving: Socket, targetPort: number): void {
  const leaving = connect(targetPort, "127.0.0.1");
  for (const [from, to] of [
    [arriving, leaving],
    [leaving, arriving],
  ] as const) {
    sockets.add(from);
    from.setNoDelay(true);
    from.pipe(to);
    // A broken connection is closed next, and that is all the other side can be told.
    from.on("error", () => from.destroy());
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
  }
}
