import { KeyRecordError } from "@parley/room-crypto/key-record";
import type { RoomKeySlot } from "@parley/valkey/keys";

import type { KeyRecordStore, ListedRecord } from "./key-record-store.ts";

/** A slot of a room with what lies in it; both texts as they were put there. */
export interface MemoryRecord {
  readonly roomId: string;
  readonly slot: RoomKeySlot;
  readonly version: string;
  readonly record: string;
}

const VERSION = /^\d{1,15}$/;

const listed = ({ roomId, slot, version, record }: MemoryRecord): ListedRecord =>
  VERSION.test(version)
    ? { status: "found", slot, roomId, version: Number(version), record }
    : { status: "bad", slot, error: new KeyRecordError({ roomId }, "the stored version is no number") };

/** {@link KeyRecordStore} over records that a test puts into `slots` and takes out again. */
export function memoryKeyRecordStore(slots: MemoryRecord[]): KeyRecordStore {
  return {
    async *list() {
      for (const each of slots.map(listed)) yield [each];
    },
    async replace({ roomId, version, record }, sealed) {
      const index = slots.findIndex(
        (slot) =>
          slot.roomId === roomId &&
          slot.version === String(version) &&
          [record, sealed].includes(slot.record),
      );
      const slot = slots[index];
      if (slot === undefined) return "gone";
      slots[index] = { ...slot, record: sealed };
      return "replaced";
    },
  };
}
