import type { Collection } from "./storage/collection.ts";
import type { DataStore } from "./storage/data-store.ts";

/** Removes what has outlived a TTL index; returns how many documents. In an array the earliest date counts. */
export function removeExpired(store: DataStore, nowMs: number): number {
  let removed = 0;
  for (const collection of store.collections()) {
    for (const { paths, expireAfterSeconds } of collection.indexes()) {
      const [path] = paths;
      if (expireAfterSeconds === undefined || path === undefined) continue;
      removed += removeBefore(collection, path, new Date(nowMs - expireAfterSeconds * 1000));
    }
  }
  return removed;
}

function removeBefore(collection: Collection, path: string, moment: Date): number {
  const expired = collection.find({ filter: { [path]: { $lte: moment } } });
  for (const stored of expired) collection.remove(stored);
  return expired.length;
}
