import { errorCodes, type ErrorCode } from '@causeway/errors';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, sourceFiles } from './repository.js';

const documented = new Map(
  [...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `([A-Z_]+)` +\| (\d{3}) +\|/gm)].map(
    ([, code, status]) => [code!, Number(status)],
  ),
);
const codes = Object.keys(errorCodes) as ErrorCode[];

test('docs/errors.md explains every error code, with its status, and no other', () => {
  expect(Object.fromEntries(documented)).toEqual(
    Object.fromEntries(codes.map((code) => [code, errorCodes[code].status])),
  );
});

test('every error code is used somewhere', () => {
  const text = sourceFiles(['apps', 'libs'])
    .filter((path) => !path.endsWith('libs/errors/src/codes.ts') && !path.endsWith('.spec.ts'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  expect(codes.filter((code) => !new RegExp(`['"\`.]${code}\\b`).test(text) && code !== 'INTERNAL')).toEqual([]);
});
