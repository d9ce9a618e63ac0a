import { Writable } from 'node:stream';
import { reportExportErrors } from './export-errors.js';
import { createLogger } from './index.js';

test('a collector that is away is worth a line a minute', () => {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) });
  createLogger({ service: 'order', instanceId: 'order-1', level: 'info', destination: stream });
  let now = 0;
  const report = reportExportErrors(() => now);
  for (now = 0; now < 120_000; now += 500) report(new Error('connect ECONNREFUSED'));
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[1]!)).toMatchObject({ level: 'warn', reason: 'connect ECONNREFUSED', suppressed: 119 });
});
