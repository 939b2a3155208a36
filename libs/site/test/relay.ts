import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a server that a test can close and open again: the outage of one process's dependency. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection and takes no new one. */
  cut(): void;
  mend(): void;
}

/** Opens a relay in front of `host:port`. */
export async function openRelay(target: { readonly host: string; readonly port: number }): Promise<Relay> {
  const open = new Set<Socket>();
  let isCut = false;
  const track = (socket: Socket): Socket => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    return socket.on("error", () => socket.destroy());
  };
  const server = createServer((near) => {
    track(near);
    if (isCut) {
      near.destroy();
      return;
    }
    const far = track(connect(target.port, target.host));
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk) => near.write(chunk));
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the relay has no port");
  const cut = (): void => {
    isCut = true;
    for (const socket of open) socket.destroy();
  };
  return {
    port: address.port,
    cut,
    mend: () => void (isCut = false),
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
