import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repository } from './places.js';
import { output } from './run.js';

interface Bootstrap {
  makeDataFolder(folder: string): void;
  checkHost(version: string, platform: string): void;
  sameTree(locked: Record<string, unknown>, installed: Record<string, unknown>): boolean;
  notInstalled(folder: string, installed: Record<string, unknown>): string[];
}
const load = async (): Promise<Bootstrap> =>
  (await import(pathToFileURL(join(repository, 'tools', 'bootstrap.mjs')).href)) as Bootstrap;

test('a host that is too old, or Windows without WSL, is refused with a remedy', async () => {
  const { checkHost } = await load();
  for (const version of ['18.20.0', '20.18.1'])
    expect(() => checkHost(version, 'linux')).toThrow(/too old: install Node 20.19/);
  for (const version of ['20.19.0', '22.1.0', '24.21.0']) expect(() => checkHost(version, 'linux')).not.toThrow();
  expect(() => checkHost('24.0.0', 'win32')).toThrow(/WSL/);
});

test('the data folder hides itself from Git', async () => {
  const { makeDataFolder } = await load();
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bootstrap-'));
  await output(['git', 'init', '--quiet', folder]);
  makeDataFolder(join(folder, '.shop'));
  writeFileSync(join(folder, '.shop', 'secrets.json'), '{}');
  expect(await output(['git', '-C', folder, 'status', '--short', '--untracked-files=all'])).toBe('');
  rmSync(folder, { recursive: true });
});

test('an installation counts as fresh only with every locked version', async () => {
  const { sameTree } = await load();
  const locked = {
    '': { name: 'causeway' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a-darwin': { version: '1.0.0', optional: true },
    'node_modules/@causeway/x': { resolved: 'libs/x', link: true },
  };
  const { '': _, 'node_modules/a-darwin': __, ...installed } = locked;
  expect(sameTree(locked, installed)).toBe(true);
  expect(sameTree(locked, { ...installed, 'node_modules/a': { version: '1.0.1' } })).toBe(false);
  expect(sameTree({ ...locked, 'node_modules/b': { version: '2.0.0' } }, installed)).toBe(false);
});

test('a package folder that went missing or holds another version is noticed, in a workspace, too', async () => {
  const { notInstalled } = await load();
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bootstrap-'));
  const installed = {
    'node_modules/a': { version: '1.0.0' },
    'node_modules/@causeway/x': { resolved: 'tools/x', link: true },
    'tools/x/node_modules/yaml': { version: '2.9.1' },
  };
  const write = (path: string, version: string): void => {
    mkdirSync(dirname(join(folder, path, 'package.json')), { recursive: true });
    writeFileSync(join(folder, path, 'package.json'), JSON.stringify({ version }));
  };
  const expectMissing = (...paths: string[]): void => expect(notInstalled(folder, installed)).toEqual(paths);
  write('node_modules/a', '1.0.0');
  write('node_modules/@causeway/x', '0.0.0');
  write('tools/x/node_modules/yaml', '2.9.1');
  expectMissing();
  write('node_modules/a', 'v1.0.0');
  expectMissing();
  rmSync(join(folder, 'tools/x/node_modules'), { recursive: true });
  expectMissing('tools/x/node_modules/yaml');
  write('node_modules/a', '1.0.1-beta');
  expectMissing('node_modules/a', 'tools/x/node_modules/yaml');
  rmSync(join(folder, 'node_modules/@causeway/x'), { recursive: true });
  expectMissing('node_modules/a', 'node_modules/@causeway/x', 'tools/x/node_modules/yaml');
  rmSync(folder, { recursive: true });
});
