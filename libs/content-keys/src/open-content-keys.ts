import { mongoContentKeyRecordStore } from "@parley/mongo/content-key-record-store.mongo";
import type { ValkeyClient } from "@parley/valkey/connect-valkey";

import { valkeyContentKeyCache } from "./content-key-cache.valkey.ts";
import {
  type ContentKeyStore,
  type ContentKeyStoreOptions,
  createContentKeyStore,
} from "./content-key-store.ts";
import { type ContentKeys, createContentKeys } from "./content-keys.ts";

/** What a process of a site needs for its content keys. */
export interface OpenContentKeysOptions extends Omit<ContentKeyStoreOptions, "records" | "cache"> {
  readonly database: Parameters<typeof mongoContentKeyRecordStore>[0];
  readonly client: ValkeyClient;
}

/** The site's content keys in its database and its cache. */
export const openContentKeyStore = ({
  database,
  client,
  ...options
}: OpenContentKeysOptions): ContentKeyStore =>
  createContentKeyStore({
    ...options,
    records: mongoContentKeyRecordStore(database),
    cache: valkeyContentKeyCache(client),
  });

/** Seals and opens content with the site's content keys. */
export const openContentKeys = (options: OpenContentKeysOptions): ContentKeys =>
  createContentKeys({ store: openContentKeyStore(options), suite: options.sealing.suite });
