/** Part of a listing; `next` is handed back as `after` and absent on the last page. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next?: string;
}

/** Makes a page of the rows of a query that asked for one more than `limit`. */
export function pageOf<Row>(
  found: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => string,
): Page<Row> {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return found.length > limit && last !== undefined ? { rows, next: cursorOf(last) } : { rows };
}
