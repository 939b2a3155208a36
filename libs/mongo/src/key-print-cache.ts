import type { KeyPrintStore } from "./key-print-store.ts";

/** Versions whose print is held at most; the one held longest goes first. */
const PRINTS_MAX = 10_000;

/** Puts a bounded memory in front of the prints: what stands under a version never changes, so it is read once. */
export function keyPrintCache(store: KeyPrintStore, printsMax: number = PRINTS_MAX): KeyPrintStore {
  const held = new Map<string, string>();
  return {
    insertIfAbsent: async (of) => {
      const id = `${of.roomId}:${of.version}`;
      const known = held.get(id);
      if (known !== undefined) return known;
      const stored = await store.insertIfAbsent(of);
      held.set(id, stored);
      const oldest = held.keys().next().value;
      if (held.size > printsMax && oldest !== undefined) held.delete(oldest);
      return stored;
    },
  };
}
