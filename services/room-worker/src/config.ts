import { configFields } from "@parley/lifecycle/config-fields";
import { consumerFields, keyStoreFields, siteFields } from "@parley/site/site-fields";
import { testHooksOf } from "@parley/site/test-hooks";
import { z } from "zod";

/** What room-worker reads from its environment (SPEC-rooms 9.1, W). */
export const config = z.object({
  ...siteFields,
  ...keyStoreFields,
  ...consumerFields,
  peers: configFields.peers,
  roomKeyGracePeriodMs: configFields.roomKeyGracePeriodMs,
  keyDelivery: configFields.keyDelivery,
  keyFanoutConcurrency: configFields.keyFanoutConcurrency,
  roomCacheMembers: configFields.roomCacheMembers,
});

/** What rebuilding the projections reads: the log and the store they are made in. */
export const rebuildConfig = z.object({
  siteId: siteFields.siteId,
  natsUrl: siteFields.natsUrl,
  natsCreds: siteFields.natsCreds,
  natsDomain: siteFields.natsDomain,
  mongoUrl: siteFields.mongoUrl,
  mongoDb: siteFields.mongoDb,
  roomCacheMembers: configFields.roomCacheMembers,
});

export type Config = z.output<typeof config>;
export const environment = process.env;
export const testHooks = testHooksOf(environment);
