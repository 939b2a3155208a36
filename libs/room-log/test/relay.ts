import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a broker that a test can make deaf or close: what a crash leaves behind. */
interface Relay extends AsyncDisposable {
  readonly url: string;
  /** Requests pass, replies do not. */
  deafen(): void;
  /** Ends every connection and takes no new one. */
  cut(): void;
  mend(): void;
}

export async function openRelay(target: string): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let state: "open" | "deaf" | "cut" = "open";
  const track = (socket: Socket): Socket => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    return socket.on("error", () => socket.destroy());
  };
  const server = createServer((near) => {
    track(near);
    if (state === "cut") {
      near.destroy();
      return;
    }
    const far = track(connect(Number(port), hostname));
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk) => state === "open" && near.write(chunk));
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the relay has no port");
  const cut = (): void => {
    state = "cut";
    for (const socket of open) socket.destroy();
  };
  return {
    url: `nats://127.0.0.1:${address.port}`,
    deafen: () => void (state = "deaf"),
    cut,
    mend: () => void (state = "open"),
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
