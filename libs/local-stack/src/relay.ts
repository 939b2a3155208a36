import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

import { withFreePorts } from "./with-free-ports.ts";

/** Who speaks through a relay: whoever connects to it, or whom it leads to. */
type Speaker = "caller" | "target";

/** A loopback port that leads to another one and can be closed and opened. */
export interface Relay {
  readonly port: number;
  /** Ends every connection and refuses new ones; nothing to do when it is cut. */
  cut(): Promise<void>;
  /**
   * Swallows what this side says from now on, on new connections too, while the other is heard as before. No connection
   * ends, so neither side is told.
   */
  silence(speaker: Speaker): void;
  /**
   * Takes connections again, on the same port, and passes on what both sides say. A connection of which bytes were
   * swallowed is ended: nothing could be understood on it any more. Nothing to do when it is open.
   */
  restore(): Promise<void>;
}

/** The two ends of one connection through a relay. */
type Pair = Readonly<Record<Speaker, Socket>>;

const SPEAKERS = ["caller", "target"] as const;
const OTHER = { caller: "target", target: "caller" } as const satisfies Record<Speaker, Speaker>;

/** Starts a relay in this process: what a cut network does to a link, without touching either side's process. */
export async function startRelay(targetPort: number): Promise<Relay> {
  const pairs = new Set<Pair>();
  const silent = new Set<Speaker>();
  const take = (caller: Socket): void => {
    const pair = { caller, target: connect(targetPort, "127.0.0.1") };
    pairs.add(pair);
    join(pair, () => pairs.delete(pair));
    silent.forEach((speaker) => swallow(pair, speaker));
  };
  let server: Server | undefined;
  const port = await withFreePorts(1, async ([free = 0]) => {
    server = await listening(free, take);
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
        pairs.forEach(end);
        await closed;
      }
    },
    silence(speaker) {
      silent.add(speaker);
      pairs.forEach((pair) => swallow(pair, speaker));
    },
    async restore() {
      if (silent.size > 0) {
        silent.clear();
        pairs.forEach(end);
      }
      server ??= await listening(port, take);
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
function join(pair: Pair, onEnd: () => void): void {
  for (const speaker of SPEAKERS) {
    const from = pair[speaker];
    const to = pair[OTHER[speaker]];
    from.setNoDelay(true);
    from.pipe(to);
    // A broken connection is closed next, and that is all the other side can be told.
    from.on("error", () => from.destroy());
    from.on("close", () => {
      onEnd();
      to.destroy();
    });
  }
}

/** Reads on without passing on: a side that is not read from would notice that nobody listens. */
function swallow(pair: Pair, speaker: Speaker): void {
  pair[speaker].unpipe(pair[OTHER[speaker]]);
  pair[speaker].resume();
}

const end = ({ caller, target }: Pair): void => {
  caller.destroy();
  target.destroy();
};
