import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe } from "vitest";

import { findRealMongo } from "./behaviour/config.ts";
import { startMongod } from "./behaviour/start-mongod.ts";
import { type BehaviourServer, mongoBehaviour } from "./mongo-behaviour.contract.ts";
import { startEmbeddedMongo } from "./server.ts";

async function startEmbedded(): Promise<BehaviourServer> {
  const dir = await mkdtemp(join(tmpdir(), "parley-embedded-mongo-"));
  const server = await startEmbeddedMongo({ dir });
  return {
    url: server.url,
    async close() {
      await server.close();
      await rm(dir, { recursive: true });
    },
  };
}

const real = findRealMongo();
const servers = [
  { name: "the embedded server", start: startEmbedded },
  ...(real === undefined
    ? []
    : [{ name: `MongoDB (${JSON.stringify(real)})`, start: () => startMongod(real) }]),
];

process.stdout.write(
  `MongoDB's behaviour is tested on ${servers.map(({ name }) => name).join(" and on ")}\n`,
);

describe.each(servers)("MongoDB's behaviour on $name", ({ start }) => {
  mongoBehaviour(start);
});
