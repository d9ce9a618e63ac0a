import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastLines, tailLogs } from './logs.js';

test('the end of a log is shown as a person reads it: JSON lines as level, message and remedy, others as they are', () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-log-'));
  const file = join(folder, 'gate.log');
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

test('whole lines are shown with the name of their source; a file may appear later or begin afresh', () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-tail-'));
  const [gate, user] = [join(folder, 'gate.log'), join(folder, 'user.log')];
  const shown: string[] = [];
  writeFileSync(gate, 'one\ntw');
  const stop = tailLogs(
    [
      { name: 'gate-1', file: gate },
      { name: 'user-1', file: user },
    ],
    (line) => shown.push(line),
  );
  appendFileSync(gate, 'o\n');
  appendFileSync(user, 'größe\n');
  stop();
  expect(shown).toEqual(['gate-1 | one', 'gate-1 | two', 'user-1 | größe']);
  rmSync(folder, { recursive: true });
});
