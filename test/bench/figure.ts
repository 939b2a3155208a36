/** What a figure is measured against, in the same run and the same unit. */
export interface Baseline {
  readonly name: string;
  readonly value: number;
}

/** What a figure is expected to reach, if anybody has said so. */
interface Bar {
  readonly of: "value" | "ratio";
  readonly is: "at least" | "at most";
  readonly limit: number;
}

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline?: Baseline;
  readonly bar?: Bar;
}

/** The figure as a multiple of its baseline. */
export const ratioOf = ({ value, baseline }: Figure): number | undefined =>
  baseline === undefined ? undefined : value / baseline.value;

/** Whether the bar is reached; `undefined` without a bar. */
export function reachesBar(figure: Figure): boolean | undefined {
  const { bar } = figure;
  if (bar === undefined) return undefined;
  const reached = bar.of === "value" ? figure.value : ratioOf(figure);
  if (reached === undefined) return false;
  return bar.is === "at least" ? reached >= bar.limit : reached <= bar.limit;
}
