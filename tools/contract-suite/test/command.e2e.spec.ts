import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { coveredServices } from '@causeway/contract-suite';
import { miniTarget } from './mini-target.js';

const command = fileURLToPath(new URL('../dist/contract-command.js', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });

let folder: string;
let record: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-contract-'));
  record = join(folder, 'record.json');
  writeFileSync(record, JSON.stringify(miniTarget.record));
  writeFileSync(join(folder, 'other.json'), '{"a":1}');
  writeFileSync(join(folder, 'fixture.mjs'), "export const contractFixture = { exceptions: { 'no/check': 'x' } };");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [someService] = coveredServices;

test.each<[string, () => string[], string]>([
  ['no service', () => [], 'which service?'],
  ['a service that there is not', () => ['nobody'], 'there is no service nobody'],
  ['two services', () => [someService!.name, someService!.name], 'one service at a time'],
  ['a record without a command', () => ['--record', record], '--record needs --command'],
  ['a file that is not there', () => ['--record', `${record}x`, '--command', 'x'], 'there is no file'],
  [
    'a file that is no record',
    () => ['--record', join(folder, 'other.json'), '--command', 'x'],
    'is no contract record',
  ],
  ['a setting without a value', () => ['--record', record, '--command', 'x', '--env', 'A'], '--env needs NAME=VALUE'],
  ['an unknown option', () => ['--recrod', record], "Unknown option '--recrod'"],
])('%s: it says what is wrong and how to use it, and exits with 2', async (_, args, message) => {
  const { code, stderr } = await run(...args());
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  expect(stderr).toContain('Usage: npm run test:contract');
});

test('a fixture that names a check that there is not is refused before anything starts', async () => {
  const fixture = join(folder, 'fixture.mjs');
  const { code, stderr } = await run('--record', record, '--command', 'x', '--fixture', fixture, '--list');
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('excepts checks that there are not: no/check'),
  });
});

test('--list prints the checks of a service of the list', async () => {
  const { code, stdout } = await run(someService!.name, '--list');
  expect(code).toBe(0);
  expect(stdout).toContain('process/stop: SIGTERM');
});

test('a service of its own is checked by its record and command; a line for each check, and a sum', async () => {
  const only = ['--only', 'http/path-unknown'];
  const { code, stdout } = await run('--record', record, '--command', miniTarget.command, ...only);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/ok +http\/path-unknown: .*\n\n1 passed, 0 failed/),
  });
  const broken = await run(
    '--record',
    record,
    '--command',
    miniTarget.command,
    ...only,
    '--env',
    'FAULT=health-on-http',
  );
  expect(broken).toMatchObject({ code: 1, stdout: expect.stringMatching(/FAILED +http\/path-unknown: [^]*1 failed/) });
});

test('a service that does not start is a failure that shows what it said', async () => {
  const { code, stderr } = await run('--record', record, '--command', `"${process.execPath}" no-such-file.mjs`);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('no-such-file.mjs') });
});
