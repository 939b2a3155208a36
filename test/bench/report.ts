import type { Figure } from "./figure.ts";
import type { Growth } from "./growth.ts";

/** What a part of the bench, or all of it, has to tell. */
export interface Report {
  readonly figures: readonly Figure[];
  readonly growth: readonly Growth[];
  /** What a reader of the figures must know: what limits them, and under which conditions they hold. */
  readonly notes: readonly string[];
}

/** Reports one after the other. */
export const together = (reports: readonly Report[]): Report => ({
  figures: reports.flatMap(({ figures }) => figures),
  growth: reports.flatMap(({ growth }) => growth),
  notes: reports.flatMap(({ notes }) => notes),
});
