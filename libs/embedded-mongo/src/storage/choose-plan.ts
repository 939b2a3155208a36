import type { SortField } from "../query/sort-order.ts";
import { type BsonDocument, isDocument, isOperatorDocument } from "../values/bson-type.ts";
import { orderKey } from "../values/order-key.ts";
import type { CollectionIndex, KeyRange } from "./collection-index.ts";
import { boundsOf, type FilterBounds, rangeAfter } from "./field-bounds.ts";

/** A filter with several `$in` searches the product of their values; beyond this the later ones are only tested. */
const PREFIXES_MAX = 5_000;

/** Which keys of which index to look at; every document found is still tested with the filter. */
export interface Plan {
  readonly index: CollectionIndex;
  readonly ranges: readonly KeyRange[];
  readonly reverse: boolean;
  /** The scan yields the order asked for, so it may stop at a limit. */
  readonly sorted: boolean;
  readonly score: number;
}

/** The best index for a filter and an order; `undefined` when only reading the whole collection helps. */
export function choosePlan(
  indexes: Iterable<CollectionIndex>,
  filter: BsonDocument,
  sort: readonly SortField[],
): Plan | undefined {
  const bounds = boundsOf(filter);
  let best: Plan | undefined;
  for (const index of indexes) {
    const plan = isComplete(index, bounds) ? planFor(index, bounds, sort) : undefined;
    if (plan !== undefined && (best === undefined || plan.score > best.score)) best = plan;
  }
  return best;
}

function planFor(index: CollectionIndex, bounds: FilterBounds, sort: readonly SortField[]): Plan | undefined {
  const { paths } = index.definition;
  let prefixes: readonly string[] = [""];
  let fixed = 0;
  for (const path of paths) {
    const equals = bounds.get(path)?.equals;
    if (equals === undefined || prefixes.length * equals.length > PREFIXES_MAX) break;
    prefixes = prefixes.flatMap((prefix) => equals.map((key) => prefix + key));
    fixed += 1;
  }
  const next = bounds.get(paths[fixed] ?? "")?.ranges ?? [];
  const ranges = prefixes.map((prefix) => rangeAfter(prefix, next, index.isMultikey()));
  const order = prefixes.length === 1 && !index.isMultikey() ? orderGiven(paths, fixed, sort) : undefined;
  const narrowing = fixed * 4 + (next.length > 0 ? 2 : 0);
  if (narrowing === 0 && (order === undefined || sort.length === 0)) return undefined;
  const complete = fixed === paths.length ? 1 : 0;
  return {
    index,
    ranges,
    reverse: order === "backward",
    sorted: order !== undefined,
    score: narrowing + complete + (order === undefined ? 0 : 1),
  };
}

/** How to scan so that the order comes by itself; fields that are fixed to one value do not matter. */
function orderGiven(
  paths: readonly string[],
  fixed: number,
  sort: readonly SortField[],
): "forward" | "backward" | undefined {
  const fixedPaths = paths.slice(0, fixed);
  const wanted = sort.filter(({ path }) => !fixedPaths.includes(path));
  const [first] = wanted;
  if (first === undefined) return "forward";
  const fits = wanted.every(
    ({ path, direction }, at) => path === paths[fixed + at] && direction === first.direction,
  );
  if (!fits) return undefined;
  return first.direction === 1 ? "forward" : "backward";
}

/** Whether every document the filter can match has its keys in the index. */
function isComplete(index: CollectionIndex, bounds: FilterBounds): boolean {
  const { sparse, paths, partialFilterExpression = {} } = index.definition;
  if (sparse && !paths.some((path) => bounds.get(path)?.present === true)) return false;
  return Object.entries(partialFilterExpression).every(([path, condition]) => {
    const field = bounds.get(path);
    if (field === undefined) return false;
    const wantsExistence =
      isDocument(condition) && isOperatorDocument(condition) && orderKey(condition) === EXISTS_KEY;
    return field.conditions.includes(orderKey(condition)) || (wantsExistence && field.present);
  });
}

const EXISTS_KEY = orderKey({ $exists: true });
