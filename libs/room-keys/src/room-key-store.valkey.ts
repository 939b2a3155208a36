import type { RoomKeyPair } from "@parley/room-crypto/key-pair";
import { createBoundedCache } from "@parley/room-crypto/bounded-cache";
import { type KeyRecordSealing, openKeyRecord, sealKeyRecord } from "@parley/room-crypto/key-record";
import { createRoomKey, type RoomKey } from "@parley/room-crypto/room-key";
import type { ValkeyClient } from "@parley/valkey/connect-valkey";

import { readCurrentRecords, type StoredRecord } from "./current-records.valkey.ts";
import { ACTIVATE, DELETE, GET_BY_VERSION, PREPARE, SET_WITH_VERSION } from "./room-key-scripts.ts";
import type { RoomEntries, RoomKeyStore } from "./room-key-store.ts";
import { defineRoomScript } from "./room-script.valkey.ts";

/**
 * Records kept opened, by place and sealed bytes, never as "current": to open one costs 0.1 ms, and what the same bytes
 * open to never changes.
 */
const OPENED_MAX = 10_000;

/** What the store in Valkey is made of. */
export interface ValkeyRoomKeyStoreOptions {
  readonly client: ValkeyClient;
  /** Seals every record at rest. */
  readonly sealing: KeyRecordSealing;
  /** The site that stores: a record opens nowhere else. */
  readonly siteId: string;
  /** How long the previous key is still served, in production ≥ 60 000 (SPEC-rooms 9.1). */
  readonly gracePeriodMs: number;
  /** Epoch ms, noted with each record for operators. */
  readonly now: () => number;
}

const defineScripts = (client: ValkeyClient) => ({
  prepare: defineRoomScript(client, {
    lua: PREPARE,
    doing: "prepare",
    statuses: ["have", "stored", "version_passed"],
  }),
  activate: defineRoomScript(client, {
    lua: ACTIVATE,
    doing: "activate",
    statuses: ["activated", "noop", "not_prepared"],
  }),
  setWithVersion: defineRoomScript(client, {
    lua: SET_WITH_VERSION,
    doing: "copy",
    statuses: ["set", "noop"],
  }),
  getByVersion: defineRoomScript(client, {
    lua: GET_BY_VERSION,
    doing: "read",
    statuses: ["have", "absent"],
  }),
  delete: defineRoomScript(client, { lua: DELETE, doing: "delete", statuses: ["deleted", "noop"] }),
});

/** {@link RoomKeyStore} in Valkey, one server or a cluster. */
export function valkeyRoomKeyStore(options: ValkeyRoomKeyStoreOptions): RoomKeyStore {
  const { client, sealing, siteId, gracePeriodMs, now } = options;
  const scripts = defineScripts(client);
  const seal = (roomId: string, version: number, pair: RoomKeyPair): string =>
    sealKeyRecord(sealing, { siteId, roomId, version }, pair);
  const opened = createBoundedCache<RoomKey>(OPENED_MAX);
  const open = ({ roomId, version, record }: StoredRecord): RoomKey => {
    const name = `${roomId}\n${version}\n${record}`;
    const known = opened.get(name);
    if (known) return known;
    const pair = openKeyRecord(sealing, { siteId, roomId, version }, record);
    const key = createRoomKey({ roomId, version, pair });
    opened.set(name, key);
    return key;
  };
  const getMany = (roomIds: readonly string[]): Promise<RoomEntries<RoomKey>> =>
    readCurrentRecords(client, { roomIds, fields: ["ver", "rec"], valueOf: open });
  const getVersions = (roomIds: readonly string[]): Promise<RoomEntries<number>> =>
    readCurrentRecords(client, { roomIds, fields: ["ver"], valueOf: ({ version }) => version });

  return {
    async prepare(roomId, version, fresh) {
      const args = [version, seal(roomId, version, fresh), now()];
      const { status, record } = await scripts.prepare({ roomId, version, args });
      if (status === "version_passed") return { status };
      return { status: "pair", pair: status === "stored" ? fresh : open({ roomId, version, record }).pair };
    },
    async activate(roomId, version) {
      const { status } = await scripts.activate({ roomId, version, args: [version, gracePeriodMs] });
      return status;
    },
    async setWithVersion({ roomId, version, pair, revision }) {
      const args = [version, seal(roomId, version, pair), now(), gracePeriodMs, revision];
      const { status } = await scripts.setWithVersion({ roomId, version, args });
      return status;
    },
    get: async (roomId) => onlyValue(await getMany([roomId])),
    getVersion: async (roomId) => onlyValue(await getVersions([roomId])),
    async getByVersion(roomId, version) {
      const { status, record } = await scripts.getByVersion({ roomId, version, args: [version] });
      return status === "absent" ? null : open({ roomId, version, record });
    },
    async delete(roomId, revision) {
      await scripts.delete({ roomId, args: [revision] });
    },
    getMany,
    getVersions,
  };
}

/** A read of one room is a read of many with one entry or none, whose fault is thrown. */
function onlyValue<T>(entries: RoomEntries<T>): T | null {
  const [entry] = entries.values();
  if (entry?.status === "bad") throw entry.error;
  return entry?.value ?? null;
}
