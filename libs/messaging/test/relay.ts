import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to the broker that can fail as a broker fails that is killed: what it holds never arrives. */
export interface Relay {
  /** `nats://127.0.0.1:…` */
  readonly url: string;
  /** From now on nothing the client sends gets through. */
  swallow(): void;
  /** Cuts every connection; new ones work. */
  cut(): void;
  /** Cuts every connection and lets none through until `mend`. */
  close(): void;
  mend(): void;
  stop(): Promise<void>;
}

/** Starts a relay to the broker at `url`. */
export async function startRelay(url: string): Promise<Relay> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  let isClosed = false;
  const server = createServer((near) => {
    if (isClosed) return void near.destroy();
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      // A socket that was cut reports it; the other end is cut with it.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        near.destroy();
        far.destroy();
        sockets.delete(socket);
      });
    }
    near.on("data", (chunk) => {
      if (!isSwallowing) far.write(chunk);
    });
    far.on("data", (chunk) => near.write(chunk));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the relay has no port");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    isSwallowing = false;
  };
  return {
    url: `nats://127.0.0.1:${address.port}`,
    swallow: () => (isSwallowing = true),
    cut,
    close: () => {
      isClosed = true;
      cut();
    },
    mend: () => (isClosed = false),
    stop: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
