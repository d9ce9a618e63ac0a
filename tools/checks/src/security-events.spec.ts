import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { securityEventTypes } from '@causeway/telemetry';
import { root, sourceFiles } from './repository.js';

test('the guide lists every security event, what it means, and its name in OWASP’s vocabulary', () => {
  const guide = readFileSync(join(root, 'docs/guides/identity.md'), 'utf8').split('\n## Security events')[1] ?? '';
  const rows = [...guide.split('\n## ')[0]!.matchAll(/^\| `([\w.-]+)` +\| (.*?) *\| (.*?) *\|$/gm)].map(
    ([, type, means, owasp]) => [type, means!.replace(/ <!-- \w+ -->$/, ''), owasp!.replaceAll('`', '')],
  );
  const listed = Object.entries(securityEventTypes).map(([type, { means, ...kind }]) => [
    type,
    means,
    'owasp' in kind ? kind.owasp : '',
  ]);
  expect(rows).toEqual(listed);
});

/** A type that nothing records promises what is not there. */
test('every security event is recorded somewhere', () => {
  const sources = sourceFiles(['apps', 'libs'])
    .filter((path) => !/\.spec\.ts$|\/testing\/|\/security-event-types\.ts$/.test(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  expect(Object.keys(securityEventTypes).filter((type) => !sources.includes(`'${type}'`))).toEqual([]);
});
