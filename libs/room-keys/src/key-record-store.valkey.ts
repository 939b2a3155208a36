import { KeyRecordError } from "@parley/room-crypto/key-record";
import type { ValkeyClient } from "@parley/valkey/connect-valkey";
import { parseRecordName, ROOM_KEYS_PATTERN, type RoomKeySlot } from "@parley/valkey/keys";
import { type HashRead, readHashes } from "@parley/valkey/read-hashes";
import { scanKeys } from "@parley/valkey/scan-keys";

import { storedRecord } from "./current-records.valkey.ts";
import type { KeyRecordStore, ListedRecord } from "./key-record-store.ts";
import { REPLACE } from "./room-key-scripts.ts";
import { defineRoomScript } from "./room-script.valkey.ts";

/** A node answers such a step in well under 1 ms, so that those who serve requests wait for nothing. */
const BATCH_KEYS = 200;

/** {@link KeyRecordStore} in Valkey, one server or a cluster. */
export function valkeyKeyRecordStore(client: ValkeyClient): KeyRecordStore {
  const replace = defineRoomScript(client, {
    lua: REPLACE,
    doing: "replace",
    statuses: ["replaced", "gone"],
  });
  return {
    async *list() {
      for await (const names of scanKeys(client, { pattern: ROOM_KEYS_PATTERN, batchKeys: BATCH_KEYS }))
        yield await readRecords(client, names);
    },
    async replace({ roomId, version, record }, sealed) {
      const { status } = await replace({ roomId, version, args: [version, record, sealed] });
      return status;
    },
  };
}

async function readRecords(client: ValkeyClient, names: readonly string[]): Promise<readonly ListedRecord[]> {
  const places = names.flatMap((name) => {
    const place = parseRecordName(name);
    return place === undefined ? [] : [{ name, ...place }];
  });
  const reads = await readHashes(client, { keys: places.map(({ name }) => name), fields: ["ver", "rec"] });
  return places.flatMap(
    ({ roomId, slot }, index) => listedRecord({ roomId, slot, read: reads[index] }) ?? [],
  );
}

/** `undefined` for a key that went after its name was read. */
function listedRecord(of: {
  roomId: string;
  slot: RoomKeySlot;
  read: HashRead | undefined;
}): ListedRecord | undefined {
  const { roomId, slot, read } = of;
  try {
    const stored = read === undefined ? null : storedRecord(roomId, read);
    return stored === null ? undefined : { status: "found", slot, ...stored };
  } catch (error) {
    if (error instanceof KeyRecordError) return { status: "bad", slot, error };
    throw error;
  }
}
