import type { Log, Recorder } from "@parley/contract/observe";
import type {
  ContentKeyRecord,
  ContentKeyRecordStore,
  ErasedContentKey,
} from "@parley/mongo/content-key-record-store";
import { type ContentKey, freshContentKey } from "@parley/room-crypto/content-key";
import { openContentKeyRecord, sealContentKeyRecord } from "@parley/room-crypto/content-key-record";
import { KeyRecordError, type KeyRecordSealing } from "@parley/room-crypto/key-record";

import type { ContentKeyCache } from "./content-key-cache.ts";

/** What a room has instead of nothing. */
export type HeldContentKey =
  | { readonly status: "key"; readonly key: ContentKey }
  /** For good: nothing is sealed or opened in this room any more. */
  | { readonly status: "erased"; readonly revision: number };

/**
 * The content keys of one site (SPEC-agents 1.4). The database has them first; the cache is a second copy, from which a
 * record comes back that the database lost. Each operation is safe to repeat and asks the database.
 *
 * @throws Failure `store_unavailable` when the database does not answer; the cache may stay away
 * @throws {KeyRecordError} for a stored record that does not open: it names the room, never bytes
 */
export interface ContentKeyStore {
  /** What the room has; null when it has no key yet. */
  find(roomId: string): Promise<HeldContentKey | null>;
  /** The room's key, made now if it has none: what is sealed under it is safe on a majority of the database. */
  ensure(roomId: string): Promise<HeldContentKey>;
  /** The key that content names. `lost`: it is nowhere, which raises the alarm. */
  named(of: { readonly roomId: string; readonly kid: string }): Promise<HeldContentKey | "lost">;
  /** Keeps a key that the room's home handed over; answers what the room has here, which may be another. */
  copy(key: ContentKey): Promise<HeldContentKey>;
  /** Keeps that the room's home has erased it; answers what the room has here. */
  copyErased(of: { readonly roomId: string; readonly revision: number }): Promise<HeldContentKey>;
}

export interface ContentKeyStoreOptions {
  readonly records: Pick<ContentKeyRecordStore, "find" | "insertIfAbsent" | "insertErased">;
  readonly cache: ContentKeyCache;
  /** Seals every record at rest. */
  readonly sealing: KeyRecordSealing;
  /** The site that stores: a record opens nowhere else. */
  readonly siteId: string;
  /** Epoch ms. */
  readonly now: () => number;
  readonly recorder: Pick<Recorder, "count">;
  readonly log: Pick<Log, "warn" | "error">;
}

type Stored = ContentKeyRecord | ErasedContentKey;

/** The two copies of a room's key, the database's after it was healed; `undefined`: the cache gave no answer. */
interface Copies {
  readonly standing: Stored | null;
  readonly cached: Stored | null | undefined;
}

/** Runs a call of the cache, whose failure is counted and hurts nobody: the database has the keys first. */
async function cacheCall<T>(
  { recorder, log }: ContentKeyStoreOptions,
  { op, call, otherwise }: { op: string; call: () => Promise<T>; otherwise: T },
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    recorder.count("room_key_valkey_errors_total", { op });
    // A store that is away tells of itself; a value that is none would stay unseen.
    if (error instanceof KeyRecordError) log.warn("content_key_cache_malformed", { roomId: error.roomId });
    return otherwise;
  }
}

const readCache = (options: ContentKeyStoreOptions, roomId: string): Promise<Stored | null | undefined> =>
  cacheCall<Stored | null | undefined>(options, {
    op: "content_read",
    call: () => options.cache.read(roomId),
    otherwise: undefined,
  });

const fillCache = (
  options: ContentKeyStoreOptions,
  of: { readonly roomId: string; readonly kid: string; readonly record: string },
): Promise<void> =>
  cacheCall(options, {
    op: "content_fill",
    call: () => options.cache.insertIfAbsent(of),
    otherwise: undefined,
  });

const eraseCache = (
  options: ContentKeyStoreOptions,
  of: { readonly roomId: string; readonly revision: number },
): Promise<void> =>
  cacheCall(options, { op: "content_erase", call: () => options.cache.erase(of), otherwise: undefined });

const openStored = (
  { sealing, siteId }: ContentKeyStoreOptions,
  roomId: string,
  { kid, record }: ContentKeyRecord,
): ContentKey => openContentKeyRecord(sealing, { siteId, roomId, kid }, record);

/** Inserts a key unless something stands; the record is new, so what stands tells whether it was this one. */
async function insert(options: ContentKeyStoreOptions, key: ContentKey) {
  const { records, sealing, siteId, now } = options;
  const { roomId, kid } = key;
  const record = sealContentKeyRecord(sealing, { siteId, key });
  const standing = await records.insertIfAbsent({ roomId, kid, record, createdAt: now() });
  return { standing, isInserted: standing.status === "key" && standing.record === record };
}

/** The database lost a record that the cache still holds. */
async function putBack(
  options: ContentKeyStoreOptions,
  roomId: string,
  cached: ContentKeyRecord,
): Promise<Stored> {
  const { recorder, log } = options;
  const { standing, isInserted } = await insert(options, openStored(options, roomId, cached));
  if (isInserted) {
    recorder.count("content_key_absent_total");
    log.error("content_key_put_back", { roomId, kid: cached.kid });
  }
  return standing;
}

/** Reads both copies and heals the one that is missing. Erased in one is erased in both. */
async function look(options: ContentKeyStoreOptions, roomId: string): Promise<Copies> {
  const { records, now } = options;
  const [found, cached] = await Promise.all([records.find(roomId), readCache(options, roomId)]);
  if (cached?.status === "erased") {
    if (found === null) await records.insertErased({ roomId, revision: cached.revision, at: now() });
    return { standing: cached, cached };
  }
  const standing = found === null && cached ? await putBack(options, roomId, cached) : found;
  if (standing?.status === "erased") await eraseCache(options, { roomId, revision: standing.revision });
  if (standing?.status === "key" && cached === null) await fillCache(options, { roomId, ...standing });
  return { standing, cached };
}

function heldOf(options: ContentKeyStoreOptions, roomId: string, stored: Stored): HeldContentKey {
  if (stored.status === "erased") return stored;
  return { status: "key", key: openStored(options, roomId, stored) };
}

/** What the room has; where it has nothing, `made` is kept in both copies first. */
async function findOrKeep(
  options: ContentKeyStoreOptions,
  roomId: string,
  made: () => ContentKey,
): Promise<HeldContentKey> {
  const copies = await look(options, roomId);
  if (copies.standing !== null) return heldOf(options, roomId, copies.standing);
  const { standing } = await insert(options, made());
  if (standing.status === "erased") await eraseCache(options, { roomId, revision: standing.revision });
  // A cache that just gave no answer is not waited for a second time; the next look fills it.
  else if (copies.cached !== undefined) await fillCache(options, { roomId, ...standing });
  return heldOf(options, roomId, standing);
}

async function named(
  options: ContentKeyStoreOptions,
  { roomId, kid }: { roomId: string; kid: string },
): Promise<HeldContentKey | "lost"> {
  const { standing, cached } = await look(options, roomId);
  if (standing?.status === "erased") return standing;
  const stored = [standing, cached].find((copy) => copy?.status === "key" && copy.kid === kid);
  if (stored) return heldOf(options, roomId, stored);
  options.recorder.count("content_key_absent_total");
  options.log.error("content_key_lost", { roomId, kid });
  return "lost";
}

export function createContentKeyStore(options: ContentKeyStoreOptions): ContentKeyStore {
  const { records, sealing, now } = options;
  return {
    async find(roomId) {
      const { standing } = await look(options, roomId);
      return standing === null ? null : heldOf(options, roomId, standing);
    },
    ensure: (roomId) => findOrKeep(options, roomId, () => freshContentKey(sealing.suite, roomId)),
    named: (of) => named(options, of),
    copy: (key) => findOrKeep(options, key.roomId, () => key),
    async copyErased({ roomId, revision }) {
      const standing = await records.insertErased({ roomId, revision, at: now() });
      if (standing.status === "erased") await eraseCache(options, { roomId, revision: standing.revision });
      return heldOf(options, roomId, standing);
    },
  };
}
