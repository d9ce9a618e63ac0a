import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastLines } from './child.js';

test('the end of a log is shown as a person reads it: JSON lines as level, message and remedy, others as they are', () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-log-'));
  const file = join(folder, 'order.log');
  const fatal = { level: 'fatal', time: 'now', msg: 'serve failed', detail: 'HTTP_PORT: missing', remedy: 'Set it.' };
  writeFileSync(file, `gone\nplain text\n${JSON.stringify(fatal)}\n{"cut":\n`);
  expect(lastLines(file, 3).split('\n')).toEqual([
    'plain text',
    'fatal: serve failed; HTTP_PORT: missing; Set it.',
    '{"cut":',
  ]);
  expect(lastLines(join(folder, 'missing.log'))).toBe('(no log)');
  rmSync(folder, { recursive: true });
});
