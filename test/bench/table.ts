import { ratioOf, reachesBar, type Figure } from "./figure.ts";
import { growthFactor, ROOM_SIZES, type Growth } from "./growth.ts";
import type { Report } from "./report.ts";

interface Column {
  readonly heading: string;
  /** Numbers are read by comparing their ends. */
  readonly isNumber: boolean;
}

/** Cells row by row, not yet laid out. */
interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

const text = (heading: string): Column => ({ heading, isNumber: false });
const number = (heading: string): Column => ({ heading, isNumber: true });
const FIGURE_COLUMNS = [
  text("figure"),
  number("value"),
  text("unit"),
  number("ratio"),
  text("bar"),
  text("baseline"),
];
const GROWTH_COLUMNS = [
  text("by members of the room"),
  ...ROOM_SIZES.map((size) => number(String(size))),
  text("unit"),
  number("growth"),
];

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

const figureTable = (figures: readonly Figure[]): Table => ({
  columns: FIGURE_COLUMNS,
  rows: figures.map(cellsOf),
});

const growthTable = (growth: readonly Growth[]): Table => ({
  columns: GROWTH_COLUMNS,
  rows: growth.map((line) => [
    line.name,
    ...line.values.map(inDigits),
    line.unit,
    `${inDigits(growthFactor(line))}×`,
  ]),
});

/** Lines of aligned columns, headings first. */
function alignedLines({ columns, rows }: Table): readonly string[] {
  const all = [columns.map(({ heading }) => heading), ...rows];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return columns[column]?.isNumber === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

const markdownRow = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const markdownLines = ({ columns, rows }: Table): readonly string[] => [
  markdownRow(columns.map(({ heading }) => heading)),
  markdownRow(columns.map(({ isNumber }) => (isNumber ? "---:" : "---"))),
  ...rows.map(markdownRow),
];

/** The report as lines for a terminal. */
export const tableOf = ({ figures, growth, notes }: Report): readonly string[] => [
  ...alignedLines(figureTable(figures)),
  "",
  ...alignedLines(growthTable(growth)),
  "",
  ...notes.map((note) => `- ${note}`),
];

/** The report in Markdown, for the README. */
export const markdownOf = ({ figures, growth, notes }: Report): readonly string[] => [
  ...markdownLines(figureTable(figures)),
  "",
  ...markdownLines(growthTable(growth)),
  "",
  ...notes.map((note) => `- ${note}`),
];
