import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

import { inject } from "vitest";

import { test as base } from "./mongo-test.ts";

/** A listener on a free loopback port, closed with its connections after the test. */
async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A test with servers that fail when told, all of them gone after it. */
export const test = base.extend("sockets", async ({}, { onCleanup }) => {
  const open = new Set<Socket>();
  const servers = new Set<Server>();
  let frozen = false;
  const track = (socket: Socket): Socket => {
    open.add(socket);
    return socket.on("error", () => socket.destroy());
  };
  const breakAll = (): void => {
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
  };
  onCleanup(breakAll);
  const serve = async (onConnection: (socket: Socket) => void): Promise<number> => {
    const server = createServer((socket) => onConnection(track(socket)));
    servers.add(server);
    return listen(server);
  };
  return {
    serve,
    breakAll,
    /** Connections stay and new ones open, but nothing passes any more, as when a server is frozen. */
    freezeAll: () => {
      frozen = true;
      for (const socket of open) socket.unpipe().pause();
    },
    /** The address of a relay to the shared server. */
    relay: async (): Promise<string> => {
      const url = new URL(inject("mongoUrl"));
      const { hostname, port } = url;
      const relayPort = await serve((socket) => {
        if (frozen) return;
        const upstream = track(connect(Number(port || 27_017), hostname));
        socket.pipe(upstream).pipe(socket);
      });
      url.host = `127.0.0.1:${relayPort}`;
      url.searchParams.set("directConnection", "true");
      return url.href;
    },
  };
});
