import type {
  ContentKeyRecord,
  ErasedContentKey,
  PlacedContentKeyRecord,
} from "@parley/mongo/content-key-record-store";
import { KeyRecordError } from "@parley/room-crypto/key-record";
import type { ValkeyClient } from "@parley/valkey/connect-valkey";
import { defineScript, type ValkeyScript } from "@parley/valkey/define-script";
import { CONTENT_KEYS_PATTERN, contentKeyName, parseContentKeyName } from "@parley/valkey/keys";
import { scanKeys } from "@parley/valkey/scan-keys";

import type { ContentKeyCache } from "./content-key-cache.ts";

/** `{kid}.{record}`; a record begins with the number of its form, which no revision does. */
const KEY_FORM = /^([A-Za-z0-9_-]{1,64})\.(k1\..+)$/;
const ERASED_FORM = /^erased\.(\d{1,15})$/;

const READ = "return redis.call('GET', KEYS[1])";
const FILL = "redis.call('SET', KEYS[1], ARGV[1], 'NX'); return 'done'";
const ERASE = "redis.call('SET', KEYS[1], ARGV[1]); return 'done'";
/** Answers a repeat as the first time. */
const REPLACE = `
local held = redis.call('GET', KEYS[1])
if held ~= ARGV[1] and held ~= ARGV[2] then return 'gone' end
redis.call('SET', KEYS[1], ARGV[2])
return 'replaced'
`;

/** A node answers such a step in well under 1 ms. */
const BATCH_KEYS = 200;

const textOf = ({ kid, record }: { readonly kid: string; readonly record: string }): string =>
  `${kid}.${record}`;

function parseCached(roomId: string, reply: unknown): ContentKeyRecord | ErasedContentKey | null {
  if (reply === null) return null;
  const text = typeof reply === "string" ? reply : "";
  const [, kid, record] = KEY_FORM.exec(text) ?? [];
  if (kid !== undefined && record !== undefined) return { status: "key", kid, record };
  const [, revision] = ERASED_FORM.exec(text) ?? [];
  if (revision !== undefined) return { status: "erased", revision: Number(revision) };
  throw new KeyRecordError({ roomId, isContentKey: true }, "the cached record is malformed");
}

/** A script about one room, which errors name. */
const scriptOf = (client: ValkeyClient, lua: string, doing: string) => {
  const send: ValkeyScript = defineScript(client, lua);
  return (roomId: string, args: readonly string[] = []): Promise<unknown> =>
    send({ keys: [contentKeyName(roomId)], args }).catch((cause: unknown) => {
      throw new Error(`${doing} the content key of room ${roomId}`, { cause });
    });
};

/** {@link ContentKeyCache} in Valkey, one server or a cluster. */
export function valkeyContentKeyCache(client: ValkeyClient): ContentKeyCache {
  const read = scriptOf(client, READ, "read");
  const fill = scriptOf(client, FILL, "cache");
  const erase = scriptOf(client, ERASE, "erase");
  return {
    read: async (roomId) => parseCached(roomId, await read(roomId)),
    insertIfAbsent: async ({ roomId, kid, record }) => void (await fill(roomId, [textOf({ kid, record })])),
    erase: async ({ roomId, revision }) => void (await erase(roomId, [`erased.${revision}`])),
  };
}

/** What lies in the cache, for whoever looks after all of it. */
export interface CachedRecords {
  /** Every cached record in bounded batches, erased rooms left out; what is no record comes as its error. */
  list(): AsyncIterable<readonly (PlacedContentKeyRecord | KeyRecordError)[]>;
  /** Puts `sealed` in the place of exactly this record; `gone` when something else stands there. Safe to repeat. */
  replace(of: PlacedContentKeyRecord, sealed: string): Promise<"replaced" | "gone">;
}

/** {@link CachedRecords} in Valkey, one server or a cluster. */
export function valkeyCachedRecords(client: ValkeyClient): CachedRecords {
  const read = scriptOf(client, READ, "read");
  const replace = scriptOf(client, REPLACE, "replace");
  const listed = async (roomId: string): Promise<readonly (PlacedContentKeyRecord | KeyRecordError)[]> => {
    try {
      const cached = parseCached(roomId, await read(roomId));
      return cached?.status === "key" ? [{ roomId, kid: cached.kid, record: cached.record }] : [];
    } catch (error) {
      if (error instanceof KeyRecordError) return [error];
      throw error;
    }
  };
  return {
    async *list() {
      for await (const names of scanKeys(client, { pattern: CONTENT_KEYS_PATTERN, batchKeys: BATCH_KEYS })) {
        const roomIds = names.flatMap((name) => parseContentKeyName(name) ?? []);
        yield (await Promise.all(roomIds.map(listed))).flat();
      }
    },
    async replace({ roomId, kid, record }, sealed) {
      const reply = await replace(roomId, [textOf({ kid, record }), textOf({ kid, record: sealed })]);
      return reply === "replaced" ? "replaced" : "gone";
    },
  };
}
