import { configFields } from "@parley/lifecycle/config-fields";
import { consumerFields, keyStoreFields, siteFields } from "@parley/site/site-fields";
import { testHooksOf } from "@parley/site/test-hooks";
import { z } from "zod";

/** What inbox-worker reads from its environment (SPEC-rooms 9.1, I). */
export const config = z.object({
  ...siteFields,
  ...keyStoreFields,
  ...consumerFields,
  peers: configFields.peers,
  roomKeyGracePeriodMs: configFields.roomKeyGracePeriodMs,
  roomKeyRpcTimeoutMs: configFields.roomKeyRpcTimeoutMs,
  roomKeyMaxRedeliver: configFields.roomKeyMaxRedeliver,
  reconcileIntervalMs: configFields.reconcileIntervalMs,
});

export type Config = z.output<typeof config>;
export const environment = process.env;
export const testHooks = testHooksOf(environment);
