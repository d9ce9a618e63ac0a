/** `npm run bench [-- section …] [--quick]`: runs sections one after the other, and writes docs/reports/bench.md. */
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { gateway } from './gateway/section.js';
import { images } from './images.js';
import { memory } from './memory-section.js';
import { messaging } from './messaging.js';
import { orders, ordersTables } from './orders/section.js';
import { writeSection } from './report.js';
import { resilience } from './resilience.js';
import { rpc } from './rpc.js';
import { scale } from './scale.js';
import type { Section, Table } from './section.js';
import { tls } from './tls.js';

export const sections: readonly Section[] = [
  // demo
  gateway,
  rpc,
  orders,
  scale,
  memory,
  tls,
  images,
  // end demo
  messaging,
  resilience,
];

const more = [
  '',
  // demo
  '  --base    measures the orders of another checkout, to compare with; writes no report',
  // end demo
].join('\n');
const out = (line = ''): void => void process.stdout.write(`${line}\n`);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    // demo
    base: { type: 'string' },
    // end demo
    help: { type: 'boolean', default: false },
  },
});
const chosen = sections.filter(({ name, long }) => (positionals.length === 0 ? !long : positionals.includes(name)));
const unknown = positionals.filter((name) => !sections.some((section) => section.name === name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) out(`There is no section ${unknown.join(', ')}.`);
  out(`npm run bench [-- section …] [--quick]
  sections: ${sections.map(({ name }) => name).join(', ')}; default: ${sections.flatMap(({ name, long }) => (long ? [] : [name])).join(', ')}, minutes each
  --quick   a few seconds each; shows that they work, and writes no report${more}`);
  process.exit(values.help ? 0 : 2);
}
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
for (const section of chosen) {
  out(`\n${section.title}`);
  const say = (line: string): void => out(`  ${line}`);
  const { quick } = values;
  // demo
  if (values.base) {
    for (const table of await ordersTables({ base: values.base }, say)) print(table);
    continue;
  }
  // end demo
  const tables = await section.run({ quick, say });
  for (const table of tables) print(table);
  if (!quick) writeSection(section, tables, commit);
}
// Peers leave timers and sockets behind.
process.exit(0);

function print({ title, columns, rows, note }: Table): void {
  out(`\n  ${title}`);
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)));
  for (const row of [columns, ...rows]) out(`    ${row.map((cell, at) => cell.padEnd(widths[at]!)).join('  ')}`);
  if (note) out(`    ${note}`);
}
