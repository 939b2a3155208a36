import assert from "node:assert/strict";

/** How many members the rooms have in which every figure is measured again. */
export const ROOM_SIZES = [10, 100, 1_000] as const;

/** One figure at each of the room sizes, in their order. */
export interface Growth {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
}

/** How often the figure of the largest room contains that of the smallest. */
export function growthFactor({ values }: Growth): number {
  assert.equal(values.length, ROOM_SIZES.length, "a figure grows over every room size");
  const [smallest = 0] = values;
  return (values.at(-1) ?? 0) / smallest;
}

/** What one room size tells, by the names of figures. */
export type AtSize = Readonly<Record<string, number>>;

/** Turns what was told size by size into one line for each figure; every size tells the same figures. */
export function growthOf(unit: string, bySize: readonly AtSize[]): readonly Growth[] {
  const [smallest = {}] = bySize;
  return Object.keys(smallest).map((name) => ({
    name,
    unit,
    values: bySize.map((atSize) => {
      const value = atSize[name];
      assert(value !== undefined, `every room size tells "${name}"`);
      return value;
    }),
  }));
}
