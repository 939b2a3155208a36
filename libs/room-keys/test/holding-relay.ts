import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a server on which replies can be held back. */
interface HoldingRelay {
  readonly address: string;
  /** From now on no reply passes until what was sent since satisfies `enough`. */
  holdRepliesUntil(enough: (sent: string) => boolean): void;
  stop(): Promise<void>;
}

/** Whoever waits for a reply before it has sent everything waits for ever here: proof of a single round trip. */
export async function startHoldingRelay(target: string): Promise<HoldingRelay> {
  let isEnough: ((sent: string) => boolean) | undefined;
  let sent = "";
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(Number(target.split(":")[1]), target.split(":")[0]);
    const held: Buffer[] = [];
    sockets.push(near, far);
    const release = (): void => {
      if (isEnough?.(sent) ?? true) for (const reply of held.splice(0)) near.write(reply);
    };
    near.on("data", (chunk) => {
      sent += chunk.toString("latin1");
      far.write(chunk);
      release();
    });
    far.on("data", (chunk) => {
      held.push(chunk);
      release();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the relay has no port");
  return {
    address: `127.0.0.1:${address.port}`,
    holdRepliesUntil(enough) {
      sent = "";
      isEnough = enough;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
