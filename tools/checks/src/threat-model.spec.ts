import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableUnder } from '@causeway/testkit';
import { root } from './repository.js';

const folder = join(root, 'docs/guides');
const rows = tableUnder(readFileSync(join(folder, 'threat-model.md'), 'utf8'), '## STRIDE');

/** `[title of the test](path)`; the title is in the file as the code has it, `%s` included. None: `none: why`. */
const testsOf = (cell = ''): { readonly title: string; readonly path: string }[] =>
  cell.startsWith('none')
    ? []
    : [...cell.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, title, path]) => ({ title: title!, path: path! }));

/** Also an attack of `npm run test:security`, under its id. */
const testFile = /\.(spec|template|suite|images)\.ts$|\/tools\/security\/src\/attacks\//;

/** Whether the file has a test of this title, and not only a text that holds it. */
function hasTest(path: string, title: string): boolean {
  const file = join(folder, path);
  if (!existsSync(file)) return false;
  const text = readFileSync(file, 'utf8').replaceAll(/\\(['"`])/g, '$1');
  return [`'`, '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`));
}

test('every threat names its boundary, its kind and what stops it', () => {
  expect(rows.length).toBeGreaterThan(30);
  for (const row of rows) {
    expect(row).toMatchObject({
      boundary: expect.stringMatching(/^B[1-7]$/),
      kind: expect.stringMatching(/^[STRIDE]$/),
      'what stops it': expect.stringMatching(/\w/),
    });
  }
  expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set('STRIDE'));
});

test('every threat names a test, or says that there is none', () => {
  const without = rows.filter(({ test: cell }) => testsOf(cell).length === 0);
  expect(without.filter(({ test: cell }) => !cell?.startsWith('none'))).toEqual([]);
});

test('each named test is in its file, under its title', () => {
  const named = rows.flatMap(({ test: cell }) => testsOf(cell));
  expect(named.filter(({ path }) => !testFile.test(path))).toEqual([]);
  expect(named.filter(({ path, title }) => !hasTest(path, title))).toEqual([]);
});

test('a title that is not there, or only part of one, is seen', () => {
  const [first] = rows.flatMap(({ test: cell }) => testsOf(cell));
  expect(hasTest(first!.path, first!.title)).toBe(true);
  expect(hasTest(first!.path, first!.title.slice(1))).toBe(false);
  expect(hasTest('../../apps/no.spec.ts', first!.title)).toBe(false);
});
