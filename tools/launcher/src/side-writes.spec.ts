import { writeFileSync } from 'node:fs';
import { remedyOfWrite, sideWrites, watchDisk } from './side-writes.js';

const full = (): void => writeFileSync('/dev/full', 'x');

test('a failing side write is reported once a minute and ends nothing; after a success it is reported again', () => {
  const warnings: string[] = [];
  let time = 0;
  const write = sideWrites(
    (line) => warnings.push(line),
    () => time,
  );
  for (time of [0, 59_999]) write('launcher.json', 'so what', full);
  expect(warnings).toEqual([expect.stringMatching(/^launcher.json cannot be written \(ENOSPC.*\): so what$/)]);
  write('another', 'so what', full);
  expect(warnings).toHaveLength(2);
  time = 60_000;
  write('launcher.json', 'so what', full);
  expect(warnings).toHaveLength(3);
  write('launcher.json', 'so what', () => undefined);
  write('launcher.json', 'so what', full);
  expect(warnings).toHaveLength(4);
});

test('a full disk is reported once, and so is its end, which triggers what could not be written before', () => {
  const warnings: string[] = [];
  let [free, recovered] = [100 * 1_048_576, 0];
  const disk = watchDisk(
    '/data',
    { warn: (line) => warnings.push(line), recovered: () => (recovered += 1) },
    () => free,
  );
  for (free of [100, 1, 0, 40, 40].map((megabytes) => megabytes * 1_048_576)) disk.look();
  expect(warnings).toEqual([expect.stringMatching(/The disk that holds \/data is full \(1 MB left\)/)]);
  expect(recovered).toBe(0);
  free = 100 * 1_048_576;
  disk.look();
  expect(warnings[1]).toMatch(/space again/);
  expect(recovered).toBe(1);
  disk.stop();
});

test('a failed write at the start names the full disk, whichever program reports it', () => {
  const error = Object.assign(new Error('no'), { path: '/data/secrets.json' });
  expect(remedyOfWrite({ ...error, code: 'ENOSPC' })).toMatch(/holds \/data\/secrets.json is full: free some space/);
  expect(remedyOfWrite({ ...error, code: 'EROFS' })).toMatch(/\/data\/secrets.json may not be written/);
  expect(remedyOfWrite(new Error('PostgreSQL ended: FATAL: could not write: No space left on device'))).toMatch(
    /is full/,
  );
  expect(remedyOfWrite(new Error('something else'))).toBeUndefined();
});
