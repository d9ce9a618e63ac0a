import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root, sourceFiles } from './repository.js';

/** What reads something that somebody else has sent: all sources but those of settings, whose values come from whoever operates the system. */
const sources = sourceFiles(['apps', 'libs'])
  .map((path) => relative(root, path))
  .filter(
    (path) =>
      /^(apps|libs)\/[\w-]+\/src\/(?!testing\/)/.test(path) &&
      !/\.spec\.ts$|(config|settings)\.ts$|^libs\/config\//.test(path),
  );

/** The types themselves; the document of the API, and log lines: both describe what comes from us. */
const exceptions = [
  'libs/contracts/src/text.ts',
  'libs/contracts/src/documents/operation.ts',
  'libs/telemetry/src/log-schema.ts',
];

const uses = (pattern: RegExp): string[] =>
  sources.filter((path) => !exceptions.includes(path) && pattern.test(readFileSync(path, 'utf8')));

test('free text from outside is text, paragraph, line, opaque or identifier of the contracts; z.string() needs a pattern', () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(uses(/z\s*\.string\(\)(?!\s*\.regex\()/)).toEqual([]);
});

test('numbers from outside are z.int() with bounds, or integerText: nothing is coerced', () => {
  expect(uses(/z\s*\.coerce\b|z\s*\.number\(/)).toEqual([]);
});
