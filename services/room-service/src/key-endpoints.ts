import { createAccountRate } from "@parley/messaging/account-rate";
import type { Endpoint } from "@parley/messaging/endpoint";
import type { Peers } from "@parley/messaging/peers";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import type { RoomLog } from "@parley/room-log/room-log";
import type { Site } from "@parley/site/open-site";

import type { Config } from "./config.ts";
import { explainKeyEndpoint } from "./endpoints/explain-key.ts";
import { getKeyEndpoint } from "./endpoints/get-key.ts";
import { keyStatusEndpoint } from "./endpoints/key-status.ts";
import { reportInvalidKeyEndpoint } from "./endpoints/report-invalid-key.ts";
import { createFindKeyForMember } from "./key-for-member.ts";
import { type Keys, newWrapper } from "./open-keys.ts";

/** What hands keys to clients, and says whom they have reached and why not. */
export function keyEndpoints(
  site: Site,
  config: Pick<Config, "roomKeyRpcTimeoutMs">,
  of: Keys & { readonly peers: Peers; readonly roomLog: RoomLog },
): Endpoint[] {
  const { siteId, database, recorder } = site;
  const { acks, wrapper } = of;
  const rooms = mongoRoomDocumentStore(database);
  const subscriptions = mongoSubscriptionStore(database);
  const rpcTimeoutMs = config.roomKeyRpcTimeoutMs;
  const findKey = createFindKeyForMember({ ...of, siteId, rooms, subscriptions, rpcTimeoutMs });
  return [
    getKeyEndpoint({ findKey, wrapper }),
    reportInvalidKeyEndpoint({ findKey, newWrapper, acks, rate: createAccountRate(), recorder }),
    keyStatusEndpoint({ siteId, rooms, subscriptions, devices: mongoDeviceStore(database), acks }),
    explainKeyEndpoint({ siteId, findKey, messages: mongoMessageStore(database), rooms, subscriptions }),
  ];
}
