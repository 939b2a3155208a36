/** Remembers the newest `entriesMax` names. */
export interface BoundedSet {
  /** Whether the name is new; it is remembered then. */
  add(name: string): boolean;
  has(name: string): boolean;
}

/** First in, first out; `entriesMax` ≥ 1. */
export function createBoundedSet(entriesMax: number): BoundedSet {
  const names = new Set<string>();
  return {
    has: (name) => names.has(name),
    add(name) {
      if (names.has(name)) return false;
      names.add(name);
      const [oldest] = names;
      if (names.size > entriesMax && oldest !== undefined) names.delete(oldest);
      return true;
    },
  };
}
