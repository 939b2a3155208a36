import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { inCheckout } from "@parley/local-stack/checkout";
import type { ManagedProcess } from "@parley/local-stack/managed-process";
import { startMongoServer } from "@parley/local-stack/mongo-server";
import { startNatsServer } from "@parley/local-stack/nats-server";
import { startValkeyServer } from "@parley/local-stack/valkey-server";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A nats-server with JetStream (domain `test`), without login. */
    natsUrl: string;
    /** `host:port` of a valkey-server, without login. */
    valkeyAddress: string;
    mongoUrl: string;
  }
}

/**
 * Starts the servers the integration tests share, once per run; an address in the environment (`NATS_URL`,
 * `VALKEY_ADDR`, `MONGO_URL`) is used instead. Tests keep apart by name: site ids, databases, room ids.
 *
 * @throws when a server cannot be started: no test is skipped for want of one
 */
export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const { NATS_URL, VALKEY_ADDR, MONGO_URL } = process.env;
  await using started = new AsyncDisposableStack();
  const owned = async <T extends ManagedProcess>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    started.defer(() => server.stop());
    return server;
  };

  mkdirSync(inCheckout(".local/test-servers"), { recursive: true });
  const dir = mkdtempSync(inCheckout(".local/test-servers/run-"));
  started.defer(() => rmSync(dir, { recursive: true, force: true }));
  project.provide(
    "natsUrl",
    NATS_URL ?? (await owned(startNatsServer({ dir: join(dir, "nats"), domain: "test" }))).url,
  );
  project.provide(
    "valkeyAddress",
    VALKEY_ADDR ?? (await owned(startValkeyServer({ dir: join(dir, "valkey") }))).address,
  );
  project.provide("mongoUrl", MONGO_URL ?? (await owned(startMongoServer({ dir: join(dir, "mongo") }))).url);

  const running = started.move();
  return () => running.disposeAsync();
}
