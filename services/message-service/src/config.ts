import { configFields } from "@parley/lifecycle/config-fields";
import { consumerFields, keyStoreFields, siteFields } from "@parley/site/site-fields";
import { testHooksOf } from "@parley/site/test-hooks";
import { z } from "zod";

/** What message-service reads from its environment (SPEC-rooms 9.1, M). */
export const config = z.object({
  ...siteFields,
  ...keyStoreFields,
  ...consumerFields,
  maxInFlight: configFields.maxInFlight,
  pinLimit: configFields.pinLimit,
  rateMessagesPerSecond: configFields.rateMessagesPerSecond,
  agentRateMessagesPerSecond: configFields.agentRateMessagesPerSecond,
  largeRoomThreshold: configFields.largeRoomThreshold,
});

export type Config = z.output<typeof config>;
export const environment = process.env;
export const testHooks = testHooksOf(environment);
