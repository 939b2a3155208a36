import type { ServiceContext } from "@parley/lifecycle/service";
import { serveEndpoints } from "@parley/messaging/serve-endpoints";
import type { Endpoint } from "@parley/messaging/endpoint";
import { createDirectoryCache } from "@parley/mongo/directory-cache";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoRoomSnapshotStore } from "@parley/mongo/room-snapshot-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { valkeyRoomKeyStore } from "@parley/room-keys/room-key-store.valkey";
import { watchedKeyStore } from "@parley/room-keys/watched-key-store";
import { createEventReader } from "@parley/room-log/event-reader";
import { createRoomCache } from "@parley/room-log/room-cache";
import { createRoomLoader } from "@parley/room-log/room-loader";
import { createRoomLog, type RoomLog } from "@parley/room-log/room-log";
import { openSite, type Site } from "@parley/site/open-site";
import { openValkey } from "@parley/site/open-valkey";

import type { Config } from "./config.ts";
import { addMembersEndpoint } from "./endpoints/add-members.ts";
import { changeRoleEndpoint } from "./endpoints/change-role.ts";
import { createRoomEndpoint } from "./endpoints/create-room.ts";
import { ensureKeyEndpoint } from "./endpoints/ensure-key.ts";
import { getDirectoryEndpoint } from "./endpoints/get-directory.ts";
import { getKeyEndpoint } from "./endpoints/get-key.ts";
import { listMembersEndpoint } from "./endpoints/list-members.ts";
import { listRoomsEndpoint } from "./endpoints/list-rooms.ts";
import { removeMemberEndpoint } from "./endpoints/remove-member.ts";
import { searchDirectoryEndpoint } from "./endpoints/search-directory.ts";
import { siteInfoEndpoint } from "./endpoints/site-info.ts";
import { createCommands } from "./run-command.ts";

type Context = ServiceContext & { readonly config: Config };

function openRoomLog(site: Site, config: Config): RoomLog {
  const { broker, siteId, process, recorder, log, database } = site;
  const reader = createEventReader({ broker, siteId, process, recorder });
  return createRoomLog({
    broker,
    reader,
    loader: createRoomLoader({ reader, snapshots: mongoRoomSnapshotStore(database), recorder }),
    cache: createRoomCache(config.roomCacheMembers),
    recorder,
    log,
    maxInFlight: config.maxInFlight,
  });
}

async function openEndpoints(stack: AsyncDisposableStack, context: Context, site: Site): Promise<Endpoint[]> {
  const { config } = context;
  const { siteId, database, clock, broker } = site;
  const client = await openValkey({ stack, context, site, config });
  const now = (): number => clock.now();
  const store = valkeyRoomKeyStore({
    client,
    siteId,
    sealing: { suite: nodeSuite, keys: config.keyEncryptionKeys },
    gracePeriodMs: config.roomKeyGracePeriodMs,
    now,
  });
  const keys = watchedKeyStore(store, site.recorder);
  const rooms = mongoRoomDocumentStore(database);
  const subscriptions = mongoSubscriptionStore(database);
  const directory = mongoDirectoryStore(database);
  const { maxRoomSize, maxBatchSize, peers } = config;
  const limits = { maxRoomSize, maxBatchSize, knownSites: new Set([siteId, ...peers]) };
  const commands = createCommands({ roomLog: openRoomLog(site, config), rooms, subscriptions, now });
  return [
    createRoomEndpoint({ siteId, commands, directory, limits }),
    addMembersEndpoint({ commands, directory, limits }),
    removeMemberEndpoint({ commands }),
    changeRoleEndpoint({ commands }),
    listMembersEndpoint({ rooms, subscriptions, directory }),
    listRoomsEndpoint({ rooms, subscriptions, keys, now }),
    getKeyEndpoint({ siteId, keys, subscriptions }),
    ensureKeyEndpoint({ siteId, rooms, keys, commands }),
    searchDirectoryEndpoint({ directory }),
    getDirectoryEndpoint({ directory }),
    siteInfoEndpoint({
      siteId,
      peers,
      limits: { maxPayload: broker.payloadBytesMax, maxRoomSize, maxBatchSize },
      now,
    }),
  ];
}

/** Wires room-service: decides commands, answers reads. */
export async function openService(stack: AsyncDisposableStack, context: Context): Promise<void> {
  const { config } = context;
  const site = await openSite({ stack, context, config, process: "room-service", streams: ["ROOMS"] });
  const endpoints = await openEndpoints(stack, context, site);
  const serving = await serveEndpoints({
    broker: site.broker,
    siteId: site.siteId,
    process: "room-service",
    endpoints,
    callers: createDirectoryCache(mongoDirectoryStore(site.database)),
    maxInFlight: config.maxInFlight,
    recorder: site.recorder,
    log: site.log,
  });
  stack.defer(() => serving.stop());
}
