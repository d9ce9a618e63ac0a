import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tailLogs } from './log-tail.js';

test('whole lines are shown with the name of their source; a file may appear later or begin afresh', () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-tail-'));
  const [order, user] = [join(folder, 'order.log'), join(folder, 'user.log')];
  const shown: string[] = [];
  writeFileSync(order, 'one\ntw');
  const stop = tailLogs(
    [
      { name: 'order-1', file: order },
      { name: 'user-1', file: user },
    ],
    (line) => shown.push(line),
  );
  appendFileSync(order, 'o\n');
  appendFileSync(user, 'größe\n');
  stop();
  expect(shown).toEqual(['order-1 | one', 'order-1 | two', 'user-1  | größe']);
  rmSync(folder, { recursive: true });
});
