import { createConnection } from "node:net";

const PROBE_TIMEOUT_MS = 1_000;

/** Whether a process serves: `http://…` answers a GET with success, `tcp://host:port` accepts a connection. */
export async function isServing(probe: string): Promise<boolean> {
  return probe.startsWith("tcp:") ? acceptsConnection(new URL(probe)) : answersOk(probe);
}

async function answersOk(url: string): Promise<boolean> {
  // Refusing the connection is how a process that is not up answers.
  return fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).then(
    async (response) => {
      await response.body?.cancel();
      return response.ok;
    },
    () => false,
  );
}

async function acceptsConnection({ hostname, port }: URL): Promise<boolean> {
  const outcome = Promise.withResolvers<boolean>();
  const socket = createConnection({ host: hostname, port: Number(port), timeout: PROBE_TIMEOUT_MS });
  socket.once("connect", () => outcome.resolve(true));
  socket.once("timeout", () => outcome.resolve(false));
  socket.once("error", () => outcome.resolve(false));
  const accepted = await outcome.promise;
  socket.destroy();
  return accepted;
}
