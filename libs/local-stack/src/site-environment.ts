import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { ProcessName } from "@parley/contract/processes";

import type { MongoServer } from "./mongo-server.ts";
import type { NatsServer } from "./nats-server.ts";
import type { Credentials, SiteUsers } from "./site-users.ts";
import type { ValkeyServer } from "./valkey-server.ts";

const KEY_BYTES = 32;

/** A local stack has few accounts, and tests and benches in which each says a lot. */
const SENDS_PER_SECOND = "100000";

interface SiteAddresses {
  readonly siteId: string;
  readonly peers: readonly string[];
  readonly users: SiteUsers;
  readonly nats: Pick<NatsServer, "url">;
  readonly valkey: Pick<ValkeyServer, "address">;
  readonly mongo: Pick<MongoServer, "url">;
  /** `kid:base64` of the key that seals keys at rest. */
  readonly roomKeyKek: string;
}

/** The configuration of one process of a site (SPEC-rooms 9.1), all but its health address. */
export function processEnvironment(site: SiteAddresses, service: ProcessName): NodeJS.ProcessEnv {
  return {
    SITE_ID: site.siteId,
    NATS_URL: withLogin(site.nats.url, site.users.services[service]),
    MONGO_URL: site.mongo.url,
    VALKEY_ADDR: site.valkey.address,
    ROOM_KEY_KEK: site.roomKeyKek,
    BOOTSTRAP_STREAMS: "true",
    ...(service === "message-service" && { RATE_MESSAGES_PER_SECOND: SENDS_PER_SECOND }),
    ...(site.peers.length > 0 && { PEERS: site.peers.join(",") }),
  };
}

/** Makes a site's key-encryption key and keeps it beside the site's data, for its owner alone to read. */
export function createRoomKeyKek(dir: string): string {
  const key = `local:${randomBytes(KEY_BYTES).toString("base64")}`;
  writeFileSync(join(dir, "room-key.kek"), key, { mode: 0o600 });
  return key;
}

function withLogin(address: string, { user, password }: Credentials): string {
  const url = new URL(address);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}
