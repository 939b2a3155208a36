import { describeKeyRecordStore } from "./key-record-store.contract.ts";
import { memoryKeyRecordStore, type MemoryRecord } from "./key-record-store.memory.ts";

describeKeyRecordStore("memory", () => {
  const slots: MemoryRecord[] = [];
  return {
    store: memoryKeyRecordStore(slots),
    put: async (record) => void slots.push(record),
    take: async (roomId, slot) => {
      const index = slots.findIndex((each) => each.roomId === roomId && each.slot === slot);
      slots.splice(index, index < 0 ? 0 : 1);
    },
    held: async (roomId) =>
      slots
        .filter((each) => each.roomId === roomId)
        .map(({ slot, version, record }) => `${slot} ${version} ${record}`)
        .toSorted(),
  };
});
