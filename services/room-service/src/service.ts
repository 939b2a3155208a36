import type { ServiceContext } from "@parley/lifecycle/service";
import { serveEndpoints } from "@parley/messaging/serve-endpoints";
import type { Endpoint } from "@parley/messaging/endpoint";
import { openPeers } from "@parley/messaging/peers";
import { createDirectoryCache, type DirectoryCache } from "@parley/mongo/directory-cache";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { mongoOwnStateStore } from "@parley/mongo/own-state-store.mongo";
import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoRoomSnapshotStore } from "@parley/mongo/room-snapshot-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { mongoUnreadStore } from "@parley/mongo/unread-store.mongo";
import { createEventReader } from "@parley/room-log/event-reader";
import { createRoomCache } from "@parley/room-log/room-cache";
import { createRoomLoader } from "@parley/room-log/room-loader";
import { createRoomLog, type RoomLog } from "@parley/room-log/room-log";
import { openSite, type Site } from "@parley/site/open-site";
import { createAfterStep, type AfterStep } from "@parley/site/test-hooks";

import { createFollowChannels } from "./channel-references.ts";
import { testHooks, type Config } from "./config.ts";
import { deviceEndpoints } from "./device-endpoints.ts";
import { createJudgeAdmin } from "./directory-admin.ts";
import { addMembersEndpoint } from "./endpoints/add-members.ts";
import { changeRoleEndpoint } from "./endpoints/change-role.ts";
import { closeRoomEndpoint } from "./endpoints/close-room.ts";
import { createRoomEndpoint } from "./endpoints/create-room.ts";
import { ensureKeyEndpoint } from "./endpoints/ensure-key.ts";
import { favouriteRoomEndpoint } from "./endpoints/favourite-room.ts";
import { getContentKeyEndpoint } from "./endpoints/get-content-key.ts";
import { getDirectoryEndpoint } from "./endpoints/get-directory.ts";
import { getRoomEndpoint } from "./endpoints/get-room.ts";
import { getRoomKeyEndpoint } from "./endpoints/get-room-key.ts";
import { listMembersEndpoint } from "./endpoints/list-members.ts";
import { listOrgMembersEndpoint } from "./endpoints/list-org-members.ts";
import { listRemoteMembersEndpoint } from "./endpoints/list-remote-members.ts";
import { listReceiptsEndpoint } from "./endpoints/list-receipts.ts";
import { listRoomsEndpoint } from "./endpoints/list-rooms.ts";
import { markReadEndpoint } from "./endpoints/mark-read.ts";
import { muteRoomEndpoint } from "./endpoints/mute-room.ts";
import { openDirectEndpoint } from "./endpoints/open-direct.ts";
import { pingSiteEndpoint } from "./endpoints/ping-site.ts";
import { removeMemberEndpoint } from "./endpoints/remove-member.ts";
import { renameRoomEndpoint } from "./endpoints/rename-room.ts";
import { restrictRoomEndpoint } from "./endpoints/restrict-room.ts";
import { retireAccountEndpoint } from "./endpoints/retire-account.ts";
import { roomInfoEndpoint } from "./endpoints/room-info.ts";
import { searchDirectoryEndpoint } from "./endpoints/search-directory.ts";
import { setRoomPolicyEndpoint } from "./endpoints/set-room-policy.ts";
import { siteInfoEndpoint } from "./endpoints/site-info.ts";
import { keyEndpoints } from "./key-endpoints.ts";
import { createJudgeNamed } from "./named-accounts.ts";
import { openKeys } from "./open-keys.ts";
import { createAskHomes } from "./remote-activity.ts";
import { createCommands } from "./run-command.ts";
import { createSendMemberState } from "./send-member-state.ts";
import { createTellOwnState } from "./tell-own-state.ts";

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

/** What members say of themselves, and what others may see of it. */
function ownStateEndpoints(site: Site, peerIds: readonly string[], afterStep: AfterStep): Endpoint[] {
  const { siteId, database, clock, broker, recorder } = site;
  const ownState = mongoOwnStateStore(database);
  const tell = createTellOwnState({ broker, siteId });
  const sendMemberState = createSendMemberState({ broker, siteId, peers: new Set(peerIds), recorder });
  const now = (): number => clock.now();
  return [
    markReadEndpoint({ ownState, tell, sendMemberState, afterStep, now }),
    muteRoomEndpoint({ ownState, tell, now }),
    favouriteRoomEndpoint({ ownState, tell, now }),
    listReceiptsEndpoint({
      siteId,
      messages: mongoMessageStore(database),
      subscriptions: mongoSubscriptionStore(database),
      directory: mongoDirectoryStore(database),
    }),
  ];
}

async function openEndpoints(
  stack: AsyncDisposableStack,
  context: Context,
  of: { site: Site; accounts: DirectoryCache },
): Promise<Endpoint[]> {
  const { config } = context;
  const { site, accounts } = of;
  const { siteId, database, clock, broker, recorder, log } = site;
  const { maxRoomSize, maxBatchSize, peers: peerIds } = config;
  const keysHere = await openKeys(stack, context, site);
  const { keys, contentKeys, receptionFor, wrapper } = keysHere;
  const peers = stack.use(openPeers({ broker, siteId, peers: peerIds, clock, recorder, log }));
  const now = (): number => clock.now();
  const rooms = mongoRoomDocumentStore(database);
  const replicas = mongoReplicaStore(database);
  const subscriptions = mongoSubscriptionStore(database);
  const directory = mongoDirectoryStore(database);
  const unread = mongoUnreadStore(database);
  const askHomes = createAskHomes({ siteId, peers, log });
  const judgeNamed = createJudgeNamed({ directory, accounts });
  const judgeAdmin = createJudgeAdmin({ accounts });
  const limits = { maxRoomSize, maxBatchSize, knownSites: new Set([siteId, ...peerIds]) };
  const followChannels = createFollowChannels({ siteId, peers, rooms, subscriptions, limits });
  const roomLog = openRoomLog(site, config);
  const afterStep = createAfterStep(testHooks.stopAfter);
  const commands = createCommands({ roomLog, rooms, subscriptions, siteId, now, afterStep });
  return [
    createRoomEndpoint({ siteId, commands, directory, followChannels, judgeNamed, peers, limits }),
    addMembersEndpoint({ commands, followChannels, judgeNamed, limits }),
    removeMemberEndpoint({ commands }),
    changeRoleEndpoint({ commands }),
    renameRoomEndpoint({ commands, judgeAdmin }),
    restrictRoomEndpoint({ commands, judgeAdmin }),
    setRoomPolicyEndpoint({ commands }),
    closeRoomEndpoint({ commands }),
    listMembersEndpoint({ siteId, rooms, subscriptions, replicas, directory }),
    getRoomEndpoint({ siteId, rooms, subscriptions }),
    listRoomsEndpoint({ siteId, rooms, subscriptions, keys, receptionFor, wrapper, unread, askHomes, now }),
    roomInfoEndpoint({ siteId, rooms, subscriptions, unread, directory }),
    ...keyEndpoints(site, config, { ...keysHere, peers, roomLog }),
    searchDirectoryEndpoint({ directory }),
    getDirectoryEndpoint({ directory }),
    listOrgMembersEndpoint({ directory }),
    siteInfoEndpoint({
      siteId,
      peers: peerIds,
      limits: { maxPayload: broker.payloadBytesMax, maxRoomSize, maxBatchSize },
      now,
    }),
    ensureKeyEndpoint({ siteId, rooms, keys, commands, now }),
    openDirectEndpoint({ siteId, commands, rooms, subscriptions, directory, limits }),
    getRoomKeyEndpoint({ siteId, keys, rooms, subscriptions, directory, roomLog }),
    getContentKeyEndpoint({ siteId, contentKeys, subscriptions, roomLog }),
    listRemoteMembersEndpoint({ siteId, rooms, subscriptions, replicas, directory }),
    retireAccountEndpoint({ siteId, directory, subscriptions, commands }),
    pingSiteEndpoint({ siteId, now }),
    ...ownStateEndpoints(site, peerIds, afterStep),
    ...deviceEndpoints(stack, site, { peers: peerIds, afterStep }),
  ];
}

/** Wires room-service: decides commands, answers reads. */
export async function openService(stack: AsyncDisposableStack, context: Context): Promise<void> {
  const { config } = context;
  const site = await openSite({
    stack,
    context,
    config,
    process: "room-service",
    streams: ["ROOMS", "OUTBOX"],
  });
  const accounts = createDirectoryCache(mongoDirectoryStore(site.database));
  const endpoints = await openEndpoints(stack, context, { site, accounts });
  const serving = await serveEndpoints({
    broker: site.broker,
    siteId: site.siteId,
    process: "room-service",
    endpoints,
    callers: accounts,
    maxInFlight: config.maxInFlight,
    recorder: site.recorder,
    log: site.log,
  });
  stack.defer(() => serving.stop());
}
