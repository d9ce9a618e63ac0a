/** A row of a table: its cells by the heading of their column. */
export type TableRow = Readonly<Record<string, string>>;

/**
 * Reads the first table under a heading of a Markdown page.
 * @param heading `## Metrics`
 * @throws Error when there is none.
 */
export function tableUnder(markdown: string, heading: string): TableRow[] {
  const section = markdown.split(`\n${heading}\n`)[1]?.split(/\n## /)[0] ?? '';
  const [header, , ...rows] = section.split('\n').filter((line) => line.startsWith('|'));
  if (header === undefined) throw new Error(`there is no table under "${heading}"`);
  const columns = cellsOf(header);
  return rows.map((row) => Object.fromEntries(cellsOf(row).map((cell, index) => [columns[index] ?? '', cell])));
}

/** Everything that a cell has in backticks: `\`a\`, \`b\`` → `['a', 'b']`. */
export const codesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
