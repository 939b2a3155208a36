import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { assertPair, type RoomKeyPair } from "@parley/room-crypto/key-pair";
import { createRoomKey, type RoomKey } from "@parley/room-crypto/room-key";

import type { RoomEntries, RoomKeyStore } from "./room-key-store.ts";

interface MemoryRoomKeyStoreOptions {
  readonly suite: Pick<CryptoSuite, "publicKeyOf">;
  readonly gracePeriodMs: number;
  /** Any milliseconds that only rise. */
  readonly now: () => number;
}

interface Slots {
  current: RoomKey | null;
  previous: { readonly key: RoomKey; readonly expiresAt: number } | null;
  pending: RoomKey | null;
  /** The revision up to which the room is closed, −1 if it never was. */
  closed: number;
}

const versionOf = (key: RoomKey | null): number => key?.version ?? -1;

/** What is left when a room is closed: copies made for later events. */
function closedAt(slots: Slots, revision: number, revisionOf: (copy: RoomKey) => number): Slots {
  const { current, previous, closed } = slots;
  if (revision > 0 && revision <= closed) return slots;
  const isLater = (key: RoomKey): boolean => revision > 0 && revisionOf(key) > revision;
  return {
    current: current !== null && isLater(current) ? current : null,
    previous: previous !== null && isLater(previous.key) ? previous : null,
    pending: null,
    closed: Math.max(revision, closed),
  };
}

/** {@link RoomKeyStore} in memory, for tests of what uses it: nothing outlives the process. */
export function memoryRoomKeyStore({ suite, gracePeriodMs, now }: MemoryRoomKeyStoreOptions): RoomKeyStore {
  const rooms = new Map<string, Slots>();
  /** That of the event which a copy was made for. */
  const revisions = new WeakMap<RoomKey, number>();
  const slotsOf = (roomId: string): Slots => {
    const slots = rooms.get(roomId) ?? { current: null, previous: null, pending: null, closed: -1 };
    rooms.set(roomId, slots);
    return slots;
  };
  const previousOf = ({ previous }: Slots): RoomKey | null =>
    previous !== null && now() < previous.expiresAt ? previous.key : null;
  const makeCurrent = (slots: Slots, key: RoomKey): void => {
    if (slots.current !== null) slots.previous = { key: slots.current, expiresAt: now() + gracePeriodMs };
    slots.current = key;
  };
  const sealable = (roomId: string, version: number, pair: RoomKeyPair): RoomKey => {
    assertPair(suite, pair);
    return createRoomKey({ roomId, version, pair });
  };
  const currentOf = <T>(roomIds: readonly string[], valueOf: (key: RoomKey) => T): RoomEntries<T> =>
    new Map(
      roomIds.flatMap((roomId) => {
        const { current } = slotsOf(roomId);
        return current === null ? [] : [[roomId, { status: "found", value: valueOf(current) }] as const];
      }),
    );

  return {
    async prepare(roomId, version, fresh) {
      const key = sealable(roomId, version, fresh);
      const slots = slotsOf(roomId);
      const held = [slots.pending, slots.current, previousOf(slots)].find(
        (each) => each?.version === version,
      );
      if (held) return { status: "pair", pair: held.pair };
      if (versionOf(slots.current) > version || versionOf(slots.pending) > version)
        return { status: "version_passed" };
      slots.pending = key;
      return { status: "pair", pair: fresh };
    },
    async activate(roomId, version) {
      const slots = slotsOf(roomId);
      if (versionOf(slots.current) >= version) return "noop";
      if (slots.pending?.version !== version) return "not_prepared";
      makeCurrent(slots, slots.pending);
      slots.pending = null;
      return "activated";
    },
    async setWithVersion({ roomId, version, pair, revision }) {
      const key = sealable(roomId, version, pair);
      const slots = slotsOf(roomId);
      if (slots.closed >= revision || versionOf(slots.current) >= version) return "noop";
      makeCurrent(slots, key);
      revisions.set(key, revision);
      return "set";
    },
    get: async (roomId) => slotsOf(roomId).current,
    getVersion: async (roomId) => slotsOf(roomId).current?.version ?? null,
    async getByVersion(roomId, version) {
      const slots = slotsOf(roomId);
      return [slots.current, previousOf(slots)].find((key) => key?.version === version) ?? null;
    },
    async delete(roomId, revision) {
      rooms.set(
        roomId,
        closedAt(slotsOf(roomId), revision, (key) => revisions.get(key) ?? -1),
      );
    },
    getMany: async (roomIds) => currentOf(roomIds, (key) => key),
    getVersions: async (roomIds) => currentOf(roomIds, (key) => key.version),
  };
}
