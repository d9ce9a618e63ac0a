import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root, sourceFiles } from './repository.js';

/** What of a source file opens connections that it keeps for longer than our servers do when they stop. */
function patient(source: string): string[] {
  const agents = [...source.matchAll(/new (?:Agent|Pool|Client|RetryAgent|BalancedPool)\(\{?[^;]*?\}?\)/g)];
  const usesUndici = /from 'undici'|import\('undici'\)/.test(source);
  const fetches = [...source.matchAll(/(?<![.\w])fetch\([^;]*?\);/gs)];
  return [
    ...(usesUndici ? agents.filter(([text]) => !text.includes('...callerKeepAlive')) : []),
    ...fetches.filter(([text]) => !/connection: 'close'/.test(text)),
  ].map(([text]) => text);
}

test('every HTTP client of ours gives up an idle connection before the server does', () => {
  const files = sourceFiles(['apps', 'libs']).filter(
    (file) => /\/src\//.test(file) && !/spec\.ts$|\/testing\//.test(file),
  );
  const sources = files.map((file) => [relative(root, file), readFileSync(file, 'utf8')] as const);
  expect(sources.filter(([, source]) => source.includes('callerKeepAlive')).length).toBeGreaterThanOrEqual(2);
  const found = sources.flatMap(([file, source]) => patient(source).map((text) => `${file}: ${text}`));
  // Spread callerKeepAlive of @causeway/contracts/keep-alive into its options; a rare fetch sends connection: 'close'.
  expect(found).toEqual([]);
});

test.each([
  [`import { Agent } from 'undici'; const a = new Agent();`],
  [`import { Agent } from 'undici'; const a = new Agent({ connections: 64 });`],
  [`const { Pool } = await import('undici'); const a = new Pool({ keepAliveTimeout: 10_000 });`],
  [`const response = await fetch(url, { redirect: 'error' });`],
])('one that does not is found: %s', (source) => {
  expect(patient(source)).toHaveLength(1);
});
