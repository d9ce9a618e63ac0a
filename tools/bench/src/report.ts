import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { figure, type Bar, type Section, type Table } from './section.js';

const folder = fileURLToPath(new URL('../../../docs/reports', import.meta.url));
const prettier = fileURLToPath(import.meta.resolve('prettier/bin/prettier.cjs'));
const mark = (name: string): string => `<!-- section ${name} -->`;

/** Writes a section of `docs/reports/bench.md`, in place of the one of an earlier run, with a plot of each table. */
export function writeSection({ name, title }: Section, tables: readonly Table[], commit: string): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'bench.md');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : introduction;
  const parts = before.split(/(?=<!-- section )/);
  const when = new Date().toISOString().slice(0, 10);
  const machine = `${availableParallelism()} processors (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`;
  const lines = [mark(name), '', `## ${title}`, '', `${when}, commit ${commit}, ${machine}.`, ''];
  for (const [index, table] of tables.entries()) {
    lines.push(`### ${table.title}`, '', ...markdownOf(table), '');
    if (table.note) lines.push(table.note, '');
    if (!table.bars) continue;
    const plot = `bench-${name}-${index + 1}.svg`;
    writeFileSync(join(folder, plot), plotOf(table.title, table.bars));
    lines.push(`![${table.title}](${plot})`, '');
  }
  const others = parts.slice(1).filter((part) => !part.startsWith(mark(name)));
  const sections = [...others, lines.join('\n')].toSorted((a, b) => (a < b ? -1 : 1));
  writeFileSync(file, `${[parts[0]!.trim(), ...sections.map((part) => part.trim())].join('\n\n')}\n`);
  execFileSync(process.execPath, [prettier, '--log-level=warn', '--write', file]);
}

const introduction = `# Benchmarks

Written by \`npm run bench\`. Ours and its peers take turns in one run; figures are medians of the rounds, with the lowest
and highest in brackets. Machines differ by a factor of five from day to day, so only ratios of one run last, and counts.
[The guide](../guides/performance.md) says what to make of them.
`;

const markdownOf = ({ columns, rows }: Table): string[] => [
  `| ${columns.join(' | ')} |`,
  `| ${columns.map(() => '---').join(' | ')} |`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
];

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Horizontal bars with their spread as a line. */
function plotOf(title: string, { unit, values }: { unit: string; values: readonly Bar[] }): string {
  const [width, left, row] = [760, 300, 30];
  const most = Math.max(...values.map(({ high }) => high));
  const at = (value: number): number => left + (value / most) * (width - left - 90);
  const bars = values.map(({ name, value, low, high }, index) => {
    const y = 40 + index * row;
    return `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${escaped(name)}</text>
<rect x="${left}" y="${y}" width="${at(value) - left}" height="20" fill="#3b6ea5"/>
<line x1="${at(low)}" x2="${at(high)}" y1="${y + 10}" y2="${y + 10}" stroke="#111" stroke-width="2"/>
<text x="${at(high) + 6}" y="${y + 14}">${figure(value)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${50 + values.length * row}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="8" y="20" font-weight="bold">${escaped(title)} (${escaped(unit)})</text>
${bars.join('\n')}
</svg>
`;
}
