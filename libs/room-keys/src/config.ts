import { configFields } from "@parley/lifecycle/config-fields";
import { z } from "zod";

/** What looking after the keys at rest reads from the environment, as the processes of the site have it. */
export const keysConfig = z.object({
  siteId: configFields.siteId,
  mongoUrl: configFields.mongoUrl,
  mongoDb: configFields.mongoDb,
  valkeyAddresses: configFields.valkeyAddresses,
  valkeyPassword: configFields.valkeyPassword,
  keyEncryptionKeys: configFields.keyEncryptionKeys,
});

export const environment = process.env;
