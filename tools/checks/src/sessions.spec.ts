import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root, sourceFiles } from './repository.js';

const exceptions = [
  // Gets the options of a pool that was made with `sessionConfig`.
  'libs/messaging/src/outbox/session.ts',
  // Shows what happens to a session without.
  'libs/persistence/test/session.int.spec.ts',
];

test('whatever opens a connection to PostgreSQL pins the settings of its session', () => {
  const opening = sourceFiles(['apps', 'libs', 'tools'])
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }))
    .filter(({ path, text }) => /new (pg\.(Pool|Client)|FairPool)\(/.test(text) && !exceptions.includes(path));
  expect(opening.length).toBeGreaterThan(3);
  expect(opening.filter(({ text }) => !/(session|connection)Config\(/.test(text)).map(({ path }) => path)).toEqual([]);
});
