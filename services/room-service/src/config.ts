import { configFields } from "@parley/lifecycle/config-fields";
import { keyStoreFields, siteFields } from "@parley/site/site-fields";
import { testHooksOf } from "@parley/site/test-hooks";
import { z } from "zod";

/** What room-service reads from its environment (SPEC-rooms 9.1, S). */
export const config = z.object({
  ...siteFields,
  ...keyStoreFields,
  peers: configFields.peers,
  maxRoomSize: configFields.maxRoomSize,
  maxBatchSize: configFields.maxBatchSize,
  roomKeyGracePeriodMs: configFields.roomKeyGracePeriodMs,
  keyDelivery: configFields.keyDelivery,
  roomKeyRpcTimeoutMs: configFields.roomKeyRpcTimeoutMs,
  maxInFlight: configFields.maxInFlight,
  roomCacheMembers: configFields.roomCacheMembers,
});

export type Config = z.output<typeof config>;

/** What the directory import reads: the store, and the broker with room-service's own login. */
export const importConfig = z.object({
  siteId: configFields.siteId,
  natsUrl: configFields.natsUrl,
  natsCreds: configFields.natsCreds,
  natsDomain: configFields.natsDomain,
  mongoUrl: configFields.mongoUrl,
  mongoDb: configFields.mongoDb,
});

export const environment = process.env;
export const testHooks = testHooksOf(environment);
