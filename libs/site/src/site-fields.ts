import { configFields } from "@parley/lifecycle/config-fields";

/** The variables that every process reads (SPEC-rooms 9.1, "all"). */
export const siteFields = {
  siteId: configFields.siteId,
  natsUrl: configFields.natsUrl,
  natsCreds: configFields.natsCreds,
  natsDomain: configFields.natsDomain,
  mongoUrl: configFields.mongoUrl,
  mongoDb: configFields.mongoDb,
  readyStallMs: configFields.readyStallMs,
  startupTimeoutMs: configFields.startupTimeoutMs,
  shutdownTimeoutMs: configFields.shutdownTimeoutMs,
  healthAddress: configFields.healthAddress,
  logLevel: configFields.logLevel,
  bootstrapStreams: configFields.bootstrapStreams,
};

/** What processes with a key store read besides. */
export const keyStoreFields = {
  valkeyAddresses: configFields.valkeyAddresses,
  valkeyPassword: configFields.valkeyPassword,
  keyEncryptionKeys: configFields.keyEncryptionKeys,
};

/** What processes with a consumer read besides. */
export const consumerFields = {
  consumerAckWaitMs: configFields.consumerAckWaitMs,
  consumerMaxAckPending: configFields.consumerMaxAckPending,
  consumerBatch: configFields.consumerBatch,
  consumerPinTimeoutMs: configFields.consumerPinTimeoutMs,
};
