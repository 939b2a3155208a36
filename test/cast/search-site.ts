import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { OPERATOR_INBOX_PREFIX } from "@parley/contract/headers";
import { STREAM_OWNERS, streamName, type StreamName } from "@parley/contract/streams";
import type { Site } from "@parley/local-stack/site";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { readAt } from "@parley/messaging/parked";
import { connectMongo } from "@parley/mongo/connect-mongo";

const STREAMS = Object.keys(STREAM_OWNERS) as readonly StreamName[];

interface Found {
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** What a stream of the site holds, headers included. On disk it lies compressed. */
async function* inStream(broker: Broker, where: StreamName, siteId: string): AsyncGenerator<Found> {
  const stream = streamName(where, siteId);
  const { state } = await broker.manager.streams.info(stream);
  for (let sequence = state.first_seq; state.messages > 0 && sequence <= state.last_seq; sequence += 1) {
    const stored = await readAt(broker, { stream, sequence });
    const headers = Buffer.from([...(stored?.header ?? [])].flat(2).join("\n"));
    yield { where, bytes: Buffer.concat([headers, stored?.data ?? Buffer.alloc(0)]) };
  }
}

/** Everything that the streams of a site hold, read with the operator's login. */
async function* inStreams({ siteId, nats, users }: Site): AsyncGenerator<Found> {
  const { user, password } = users.operator;
  const broker = await connectNats({
    url: `nats://${user}:${password}@${new URL(nats.url).host}`,
    name: "search",
    inboxPrefix: OPERATOR_INBOX_PREFIX,
    domain: siteId,
  });
  try {
    for (const where of STREAMS) yield* inStream(broker, where, siteId);
  } finally {
    await broker.close();
  }
}

/** Every document of a site's database. */
async function* inMongo({ siteId, mongo }: Site): AsyncGenerator<Found> {
  const connected = await connectMongo({ url: mongo.url, database: `parley_${siteId}`, appName: "search" });
  try {
    for (const { collectionName } of await connected.database.collections())
      for await (const document of connected.database.collection(collectionName).find())
        yield { where: collectionName, bytes: Buffer.from(JSON.stringify(document)) };
  } finally {
    await connected.close();
  }
}

/** Every file below the folder of a run: logs, what Valkey appends, what MongoDB and the broker lay down. */
export const filesOf = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Where in a run something is found: files by their path, streams and collections by their name. */
export async function placesOf(
  finds: (bytes: Uint8Array) => boolean,
  run: { readonly dir: string; readonly sites: readonly Site[] },
): Promise<ReadonlySet<string>> {
  const found = new Set(filesOf(run.dir).filter((file) => finds(readFileSync(file))));
  for (const site of run.sites) {
    for await (const { where, bytes } of inStreams(site)) if (finds(bytes)) found.add(where);
    for await (const { where, bytes } of inMongo(site)) if (finds(bytes)) found.add(where);
  }
  return found;
}
