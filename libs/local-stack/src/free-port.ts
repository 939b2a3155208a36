import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the range from which systems take the local ports of outgoing connections (32768 and up on Linux):
 * while a server is down for a restart nobody else is given its port, and no client that keeps trying to reach
 * it can end up connected to itself.
 */
const PORT_MIN = 12_000;
const PORT_MAX = 32_000;
const ATTEMPTS_MAX = 100;

const handedOut = new Set<number>();

/** A loopback port nobody listens on, different from every other this process asked for. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (!handedOut.has(port) && (await isFree(port))) {
      handedOut.add(port);
      return port;
    }
  }
  throw new Error(`no free port between ${PORT_MIN} and ${PORT_MAX} after ${ATTEMPTS_MAX} attempts`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = Promise.withResolvers<boolean>();
  server.once("error", (error: NodeJS.ErrnoException) =>
    error.code === "EADDRINUSE" ? listening.resolve(false) : listening.reject(error),
  );
  server.listen(port, "127.0.0.1", () => server.close(() => listening.resolve(true)));
  return listening.promise;
}
