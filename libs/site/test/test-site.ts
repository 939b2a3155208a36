import { randomBytes } from "node:crypto";

import type { DirectoryLine } from "@parley/contract/directory";
import { serviceInboxPrefix } from "@parley/contract/headers";
import { base62 } from "@parley/contract/ids";
import { streamDeclarations } from "@parley/contract/streams";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { declareStreams } from "@parley/messaging/declare-streams";
import { connectMongo, type MongoConnection } from "@parley/mongo/connect-mongo";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { ensureIndexes } from "@parley/mongo/ensure-indexes";
import { importDirectory } from "@parley/mongo/import-directory";
import { inject } from "vitest";

/** A line of a test's directory; everybody is a person at home here unless told. */
export type Somebody = Partial<DirectoryLine> & Pick<DirectoryLine, "account">;

/** A site of a test's own on the shared servers, its streams made, its directory filled. */
export interface TestSite extends AsyncDisposable {
  readonly siteId: string;
  readonly broker: Broker;
  readonly database: MongoConnection["database"];
  /** Of every process of the site, as its environment would say it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Differs from site to site: a direct message is named by user ids, and the key store is shared. */
  readonly userIdOf: (account: string) => string;
  /** Adds people and agents, or changes those of the same account. */
  know(...people: readonly Somebody[]): Promise<void>;
}

const KEY_BYTES = 32;
const USER_ID_LENGTH = 17;

/** Opens a site that nothing else on the servers has to do with. */
export async function openTestSite(people: readonly Somebody[] = []): Promise<TestSite> {
  const siteId = `t-${randomBytes(6).toString("hex")}`;
  const environment = {
    SITE_ID: siteId,
    NATS_URL: inject("natsUrl"),
    NATS_DOMAIN: "test",
    MONGO_URL: inject("mongoUrl"),
    VALKEY_ADDR: inject("valkeyAddress"),
    ROOM_KEY_KEK: `k1:${randomBytes(KEY_BYTES).toString("base64")}`,
    BOOTSTRAP_STREAMS: "true",
    CONSUMER_ACK_WAIT_MS: "2000",
    CONSUMER_PIN_TIMEOUT_MS: "2000",
  };
  await using stack = new AsyncDisposableStack();
  const mongo = await connectMongo({
    url: environment.MONGO_URL,
    database: `parley_${siteId}`,
    appName: "test",
  });
  stack.defer(() => mongo.close());
  await ensureIndexes(mongo.database);
  stack.defer(async () => void (await mongo.database.dropDatabase()));
  const broker = await connectNats({
    url: environment.NATS_URL,
    name: `test@${siteId}`,
    inboxPrefix: serviceInboxPrefix(siteId),
    domain: "test",
  });
  stack.defer(() => broker.close());
  const streams = Object.values(streamDeclarations(siteId));
  await declareStreams(broker, { owned: streams, used: [], create: true });
  for (const { name } of streams) stack.defer(async () => void (await broker.manager.streams.delete(name)));

  const userIdOf = (account: string): string => base62(`${siteId} ${account}`, USER_ID_LENGTH);
  const know = async (...known: readonly Somebody[]): Promise<void> => {
    const lines = known.map((somebody) =>
      JSON.stringify({
        kind: "person",
        homeSite: siteId,
        userId: userIdOf(somebody.account),
        ...somebody,
      }),
    );
    const outcome = await importDirectory(mongoDirectoryStore(mongo.database), lines.join("\n"));
    if (outcome.status === "refused") throw new Error(JSON.stringify(outcome.faults));
  };
  if (people.length > 0) await know(...people);
  const opened = stack.move();
  return {
    siteId,
    broker,
    database: mongo.database,
    environment,
    userIdOf,
    know,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
