/** A terminal wraps what is longer than it is wide; nobody reads more in a table. */
const mostCell = 200;

type Cell = string | number | boolean | null | undefined;

/**
 * Lines with aligned columns. Numbers are right-aligned; a column that is empty in every row is left out, so that a
 * wide table fits the terminal on a quiet day.
 */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const kept = headings.map((_, column) => column).filter((column) => rows.some((row) => textOf(row[column]) !== ''));
  const widths = kept.map((column) =>
    Math.max(...[headings[column] ?? '', ...rows.map((row) => textOf(row[column]))].map(({ length }) => length)),
  );
  const line = (row: readonly Cell[]): string =>
    kept
      .map((column, index) => {
        const text = textOf(row[column]);
        const width = widths[index] ?? 0;
        return typeof row[column] === 'number' ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(headings), ...rows.map(line)];
}

/** One line of text: what comes from messages and logs must not move the cursor of the operator's terminal. */
export function oneLine(text: string, length = 100): string {
  // eslint-disable-next-line no-control-regex
  const clean = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return clean.length > length ? `${clean.slice(0, length - 1)}…` : clean;
}

const textOf = (cell: Cell): string =>
  cell === null || cell === undefined
    ? ''
    : typeof cell === 'boolean'
      ? cell
        ? 'yes'
        : 'no'
      : oneLine(String(cell), mostCell);
