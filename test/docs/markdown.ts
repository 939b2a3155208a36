/** Cells of one row, as text; bars and line ends are escaped by `table`. */
type Row = readonly string[];

const cell = (text: string): string => text.replaceAll("|", String.raw`\|`).replaceAll(/\s*\n\s*/g, " ");
const line = (row: Row): string => `| ${row.map(cell).join(" | ")} |`;

/** A table; widths are the formatter's business. */
export const table = (head: Row, rows: readonly Row[]): string =>
  [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");

export const code = (text: string): string => `\`${text}\``;

export const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;

/** Sections with a blank line between them. */
export const sections = (...parts: readonly string[]): string => parts.join("\n\n");

const markersOf = (name: string) => ({
  begin: `<!-- generated:${name} -->`,
  end: `<!-- /generated:${name} -->`,
});

/**
 * The document with the text between the marks of each block replaced.
 * @throws when the document lacks the marks of a block
 */
export function fillBlocks(document: string, blocks: Readonly<Record<string, string>>): string {
  return Object.entries(blocks).reduce((text, [name, content]) => {
    const { begin, end } = markersOf(name);
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`the document lacks ${begin} … ${end}`);
    return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
  }, document);
}
