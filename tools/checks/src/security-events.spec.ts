import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { securityEventTypes } from '@causeway/telemetry';
import { root } from './repository.js';

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
