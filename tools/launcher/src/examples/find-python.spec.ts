import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPython } from './find-python.js';

const needs = { version: '3.9', modules: { flask: 'python3-flask', jwt: 'python3-jwt' } };
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'causeway-python-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that answers as a Python of this version would that lacks these modules: the machine may have none. */
const pythonWith = (name: string, version: readonly [number, number], lacking: readonly string[] = []): string => {
  const program = join(folder, name);
  writeFileSync(program, `#!/bin/sh\necho '${JSON.stringify([version, lacking])}'\n`);
  chmodSync(program, 0o755);
  return program;
};

test('what is missing is named, with the packages to install', async () => {
  const found = findPython(needs, ['no-such-program']);
  await expect(found).rejects.toThrow(/no Python 3\.9 or later[^]*apt-get install python3 python3-flask python3-jwt\n/);
});

test('a Python without a module is not taken; only the package of that module is to be installed', async () => {
  const found = findPython(needs, [
    pythonWith('bare', [3, 11], ['flask', 'jwt']),
    pythonWith('close', [3, 11], ['jwt']),
  ]);
  await expect(found).rejects.toThrow(/close \(Python 3\.11\) lacks jwt\.[^]*apt-get install python3-jwt\n/);
});

test('one that is too old is not taken', async () => {
  await expect(findPython(needs, [pythonWith('old', [3, 8])])).rejects.toThrow(/no Python 3\.9/);
});

test('what does not exist, is too old or lacks something is passed over', async () => {
  const right = pythonWith('right', [3, 11]);
  const programs = ['no-such-program', pythonWith('old', [2, 7]), pythonWith('bare', [3, 12], ['flask']), right];
  expect(await findPython(needs, programs)).toBe(right);
});
