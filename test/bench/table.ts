import { ratioOf, reachesBar, type Figure } from "./figure.ts";

const HEADINGS = ["figure", "value", "unit", "ratio", "bar", "baseline"];
/** Numbers are read by comparing their ends. */
const RIGHT_ALIGNED = new Set(["value", "ratio"]);

/** A number with three significant digits, or all of its whole part: 0.0123, 4.56, 78.9, 12345. */
export function inDigits(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return value.toFixed(0);
  return Number(value.toPrecision(3)).toString();
}

function barOf(figure: Figure): string {
  const { bar } = figure;
  if (bar === undefined) return "";
  const limit = `${bar.is === "at least" ? "≥" : "≤"} ${bar.limit}${bar.of === "ratio" ? "×" : ""}`;
  return `${limit} ${reachesBar(figure) === true ? "met" : "missed"}`;
}

function cellsOf(figure: Figure): string[] {
  const { name, value, unit, baseline } = figure;
  const ratio = ratioOf(figure);
  return [
    name,
    inDigits(value),
    unit,
    ratio === undefined ? "" : `${inDigits(ratio)}×`,
    barOf(figure),
    baseline === undefined ? "" : `${inDigits(baseline.value)} ${baseline.name}`,
  ];
}

/** The figures as lines of an aligned table, headings first. */
export function tableOf(figures: readonly Figure[]): readonly string[] {
  const rows = [HEADINGS, ...figures.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return RIGHT_ALIGNED.has(HEADINGS[column] ?? "") ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
