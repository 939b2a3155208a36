import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import type { BehaviourServer } from "../mongo-behaviour.contract.ts";
import type { RealMongo } from "./config.ts";

/** A real MongoDB for the suite: the one that runs, or one of its own that is stopped in the end. */
export async function startMongod(real: RealMongo): Promise<BehaviourServer> {
  if ("url" in real) return { url: real.url, close: async () => undefined };
  const directory = await mkdtemp(join(tmpdir(), "parley-mongod-"));
  const port = await freePort();
  const child = spawn(
    real.binary,
    ["--dbpath", directory, "--port", String(port), "--bind_ip", "127.0.0.1"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  for await (const line of createInterface(child.stdout)) if (line.includes("Waiting for connections")) break;
  child.stdout.resume();
  return {
    url: `mongodb://127.0.0.1:${port}/?directConnection=true`,
    async close() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
