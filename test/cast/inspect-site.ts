import { serviceInboxPrefix } from "@parley/contract/headers";
import type { ProcessName } from "@parley/contract/processes";
import type { Site } from "@parley/local-stack/site";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { connectMongo, type MongoConnection } from "@parley/mongo/connect-mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { createEventReader, type EventReader } from "@parley/room-log/event-reader";
import { verifyRoom, type Verification } from "@parley/room-log/verify-room";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";

/** An engineer's look into a site: its log and its projection, with a process's own rights. */
export interface Inspection extends AsyncDisposable {
  readonly broker: Broker;
  readonly mongo: MongoConnection;
  readonly reader: EventReader;
  verify(roomId: string): Promise<Verification>;
}

/** Opens a look into the site, with the rights of room-worker unless told. */
export async function inspectSite(site: Site, process: ProcessName = "room-worker"): Promise<Inspection> {
  const { siteId } = site;
  const { user, password } = site.users.services[process];
  await using opening = new AsyncDisposableStack();
  const broker = await connectNats({
    url: `nats://${encodeURIComponent(user)}:${password}@${new URL(site.nats.url).host}`,
    name: "inspection",
    inboxPrefix: `${serviceInboxPrefix(siteId)}.${process}`,
    domain: siteId,
  });
  opening.defer(() => broker.close());
  const mongo = await connectMongo({
    url: site.mongo.url,
    database: `parley_${siteId}`,
    appName: "inspection",
  });
  opening.defer(() => mongo.close());
  const reader = createEventReader({ broker, siteId, process, recorder: createMemoryRecorder() });
  const rooms = mongoRoomDocumentStore(mongo.database);
  const subscriptions = mongoSubscriptionStore(mongo.database);
  const opened = opening.move();
  return {
    broker,
    mongo,
    reader,
    verify: (roomId) => verifyRoom({ reader, rooms, subscriptions }, roomId),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
