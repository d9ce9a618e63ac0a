import { licenceProblems } from './licences.js';
import { productionPackages, readLock, type Lock } from './lock.js';
import { root } from './places.js';

const lock = (license: string | undefined): Lock => ({
  'apps/shop': { dependencies: { a: '1' }, peerDependencies: { b: '1' } },
  'node_modules/@x/shop': { link: true, resolved: 'apps/shop' },
  'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { c: '1' }, optionalDependencies: { d: '1' } },
  'node_modules/a/node_modules/c': { version: '2.0.0', license },
  'node_modules/c': { version: '1.0.0', license: 'GPL-3.0-only' },
  'node_modules/b': { version: '1.0.0', license: '(MIT OR GPL-3.0-only)' },
  'node_modules/tool': { version: '1.0.0', license: 'GPL-3.0-only' },
});

test('every licence of this repository is allowed', () => {
  expect(licenceProblems(readLock(root))).toEqual([]);
  expect(productionPackages(readLock(root)).length).toBeGreaterThan(100);
});

test('packages that only development needs do not count, nested ones do', () => {
  expect(productionPackages(lock('MIT'))).toEqual([
    'node_modules/a',
    'node_modules/a/node_modules/c',
    'node_modules/b',
  ]);
  expect(licenceProblems(lock('MIT'))).toEqual([]);
});

test.each([
  ['AGPL-3.0-only', 'is under AGPL-3.0-only, which is not in the allow list'],
  ['MIT AND GPL-2.0-only', 'is under MIT AND GPL-2.0-only, which is not in the allow list'],
  [undefined, 'names no licence'],
  ['SEE LICENSE IN LICENSE.md', 'is under “SEE LICENSE IN LICENSE.md”, which is no SPDX expression'],
])('a package under %s fails, with what to do', (license, what) => {
  expect(licenceProblems(lock(license))).toEqual([
    { package: 'c@2.0.0', what, remedy: expect.stringContaining('tools/delivery/src/licences.ts') as string },
  ]);
});

test('an exception holds for one version, and goes when its package goes', () => {
  expect(licenceProblems(lock('AGPL-3.0-only'), { 'c@2.0.0': 'decided by the owner' })).toEqual([]);
  expect(licenceProblems(lock('MIT'), { 'c@1.9.0': 'decided by the owner' })).toEqual([
    expect.objectContaining({ package: 'c@1.9.0', what: 'is excepted, but no image has it' }),
  ]);
});
