import { serviceInboxPrefix } from "@parley/contract/headers";
import { readConfig } from "@parley/lifecycle/parse-config";
import { connectNats } from "@parley/messaging/connect-nats";
import { connectMongo } from "@parley/mongo/connect-mongo";
import { dropRoom } from "@parley/mongo/drop-room";
import { ensureIndexes } from "@parley/mongo/ensure-indexes";
import { restoreOwnState } from "@parley/mongo/kept-own-state";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoRoomSnapshotStore } from "@parley/mongo/room-snapshot-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { createEventReader } from "@parley/room-log/event-reader";
import { createRoomCache } from "@parley/room-log/room-cache";
import { createRoomLoader } from "@parley/room-log/room-loader";
import { createLog } from "@parley/telemetry/json-log";
import { createRecorder } from "@parley/telemetry/otel-recorder";

import { environment, rebuildConfig } from "./config.ts";
import { rebuildProjection } from "./rebuild-projection.ts";

// Makes this site's projections anew from ROOMS: rooms, memberships and snapshots. Stop room-worker first.

const config = readConfig(rebuildConfig, environment);
const { siteId } = config;
const worker = "room-worker";
await using stack = new AsyncDisposableStack();
const mongo = await connectMongo({ url: config.mongoUrl, database: config.mongoDb, appName: "rebuild" });
stack.defer(() => mongo.close());
await ensureIndexes(mongo.database);
const broker = await connectNats({
  url: config.natsUrl,
  credentials: config.natsCreds,
  name: `rebuild@${siteId}`,
  inboxPrefix: `${serviceInboxPrefix(siteId)}.${worker}`,
  domain: config.natsDomain,
});
stack.defer(() => broker.close());

const log = createLog({
  process: worker,
  siteId,
  level: "warn",
  write: (line) => process.stderr.write(line),
});
const recorder = createRecorder({ log });
const reader = createEventReader({ broker, siteId, process: worker, recorder });
const snapshots = mongoRoomSnapshotStore(mongo.database);
const rebuilt = await rebuildProjection({
  rooms: mongoRoomDocumentStore(mongo.database),
  subscriptions: mongoSubscriptionStore(mongo.database),
  snapshots,
  messages: mongoMessageStore(mongo.database),
  reader,
  loader: createRoomLoader({ reader, snapshots, recorder }),
  cache: createRoomCache(config.roomCacheMembers),
  recorder,
  dropRoom: (roomId) => dropRoom(mongo.database, roomId),
  restoreOwnState: (roomId) => restoreOwnState(mongo.database, roomId),
  onProgress: (events) => process.stdout.write(`${events} events …\n`),
});
process.stdout.write(`Rebuilt ${rebuilt.rooms} rooms of site ${siteId} from ${rebuilt.events} events.\n`);
