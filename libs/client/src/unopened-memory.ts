import type { UnopenedReason } from "@parley/contract/devices";
import { createBoundedCache } from "@parley/room-crypto/bounded-cache";

/** Why an event is not open, and the version it is sealed under. */
interface Unopened {
  readonly version: number;
  readonly reason: UnopenedReason;
}

/** The newest events that could not be opened when they came; history may show them all the same. */
export interface UnopenedMemory {
  /** `id`: of a message, where the event is one's. */
  note(roomId: string, id: string, unopened: Unopened): void;
  find(roomId: string, id: string): Unopened | undefined;
}

const nameOf = (roomId: string, id: string): string => `${roomId}\n${id}`;

/** Remembers up to `entriesMax` of them. */
export function createUnopenedMemory(entriesMax: number): UnopenedMemory {
  const unopened = createBoundedCache<Unopened>(entriesMax);
  return {
    note: (roomId, id, entry) => unopened.set(nameOf(roomId, id), entry),
    find: (roomId, id) => unopened.get(nameOf(roomId, id)),
  };
}
