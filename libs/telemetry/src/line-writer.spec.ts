import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { pino } from 'pino';
import { setImmediate as turn } from 'node:timers/promises';
import { lineWriter, turnWriter } from './line-writer.js';

const failure = (code: string): Error => Object.assign(new Error(`${code}: no luck, write`), { code });

/** A file that takes as many bytes as it is told, and fails with a code otherwise. */
function disk() {
  const state = {
    room: Infinity,
    code: 'ENOSPC',
    text: '',
    time: 0,
    reports: [] as string[],
    recovered: [] as number[],
  };
  const write = (_fd: number, bytes: Uint8Array): number => {
    state.time += 1;
    const taken = Math.min(bytes.length, state.room);
    if (taken === 0) throw failure(state.code);
    state.room -= taken;
    state.text += Buffer.from(bytes.subarray(0, taken)).toString();
    return taken;
  };
  const writer = lineWriter({
    write,
    now: () => state.time,
    onLoss: (text) => state.reports.push(text),
    onRecovery: (lost) => state.recovered.push(lost),
  });
  return { state, writer };
}

test('a full disk costs lines, is told once a minute, and ends nothing; with space the lines go on and say how many are missing', () => {
  const { state, writer } = disk();
  writer.write('one\n');
  state.room = 2;
  for (const line of ['two\n', 'three\n', 'four\n']) writer.write(line);
  expect(state.reports).toEqual([
    expect.stringMatching(/1 so far.*standard output cannot be written \(ENOSPC.*Free some space/),
  ]);
  state.time += 60_000;
  writer.write('five\n');
  expect(state.reports).toHaveLength(2);
  expect(state.reports[1]).toMatch(/4 so far/);
  state.room = Infinity;
  writer.write('six\n');
  writer.write('seven\n');
  // What was torn in the middle stays a line of its own.
  expect(state.text).toBe('one\ntw\nsix\nseven\n');
  expect(state.recovered).toEqual([4]);
});

test('a reader that has gone is told; one that is slow is waited for, but not for ever and not for every line', () => {
  const { state, writer } = disk();
  state.room = 0;
  state.code = 'EPIPE';
  writer.write('one\n');
  expect(state.reports[0]).toMatch(/EPIPE.*reads it has exited/);

  const slow = disk();
  let [refusals, tries] = [3, 0];
  const write = (_fd: number, bytes: Uint8Array): number => {
    tries += 1;
    slow.state.time += 100;
    if (refusals-- > 0) throw failure('EAGAIN');
    return bytes.length;
  };
  const patient = lineWriter({
    write,
    now: () => slow.state.time,
    onLoss: (text) => slow.state.reports.push(text),
  });
  patient.write('one\n');
  expect([tries, slow.state.reports]).toEqual([4, []]);
  refusals = Infinity;
  patient.write('two\n');
  expect(slow.state.reports).toHaveLength(1);
  tries = 0;
  patient.write('three\n');
  expect(tries).toBe(1);
});

test('pino writes to /dev/full through it, fatal lines included', () => {
  const fd = openSync('/dev/full', 'w');
  const reports: string[] = [];
  const logger = pino({}, lineWriter({ fd, onLoss: (text) => reports.push(text) }));
  logger.info('one');
  logger.fatal('two');
  closeSync(fd);
  expect(reports).toEqual([expect.stringContaining('no space left on device')]);
});

describe('lines of one turn', () => {
  test('are written together, in their order', async () => {
    const chunks: string[] = [];
    const writer = turnWriter({ write: (chunk) => void chunks.push(chunk) });
    for (const line of ['1\n', '2\n', '3\n']) writer.write(line);
    expect(chunks).toEqual([]);
    await turn();
    writer.write('4\n');
    await turn();
    expect(chunks).toEqual(['1\n2\n3\n', '4\n']);
  });

  test('are written at once after a fatal line', () => {
    const chunks: string[] = [];
    const logger = pino({ base: null, timestamp: false }, turnWriter({ write: (chunk) => void chunks.push(chunk) }));
    logger.fatal('the end');
    expect(chunks.join('')).toContain('the end');
  });

  test.each([
    ['an exit', 'process.exit(3)', 3],
    ['an uncaught error', `throw new Error('no')`, 1],
    ['a rejection that nobody handles', `Promise.reject(new Error('no'))`, 1],
  ])('are not lost by %s', (_, end, status) => {
    const source = new URL('line-writer.ts', import.meta.url).href;
    const script = `const { lineWriter, turnWriter } = await import(${JSON.stringify(source)});
      turnWriter(lineWriter()).write('the last line\\n');
      ${end};`;
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    expect([child.status, child.stdout]).toEqual([status, 'the last line\n']);
  });
});
