import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildInfo } from './build-info.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'causeway-build-'));
  writeFileSync(join(root, 'package.json'), JSON.stringify({ version: '1.4.2' }));
});
afterEach(() => rmSync(root, { recursive: true }));

test('a checkout names its version and commit; a folder without git its version alone', async () => {
  expect(await buildInfo(root)).toEqual({ version: '1.4.2' });
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
  git('init', '--quiet');
  git('commit', '--quiet', '--allow-empty', '--message', 'first');
  expect(await buildInfo(root)).toEqual({
    version: '1.4.2',
    commit: git('rev-parse', 'HEAD').toString().trim(),
    committedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
});
