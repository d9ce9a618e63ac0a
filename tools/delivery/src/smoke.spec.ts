import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { smoke } from './smoke.js';

/** The answers of a gateway and of its management port, by path. */
let answers: Record<string, { status: number; body: unknown }>;
let server: Server;
let url: string;

beforeEach(async () => {
  answers = {
    '/openapi.json': { status: 200, body: { openapi: '3.1.0' } },
    '/v1/users/me': { status: 401, body: { code: 'UNAUTHENTICATED' } },
    '/health/live': { status: 200, body: { status: 'live', version: '0.0.0-git-0123456789ab' } },
  };
  server = createServer((request, response) => {
    const { status, body } = answers[request.url!] ?? { status: 404, body: {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const lines: string[] = [];
const run = (more: { healthUrl?: string; version?: string; demo?: boolean } = {}) =>
  smoke({ url, withinMs: 1, say: (line) => lines.push(line), ...more });

test('a gateway that shows its document and keeps profiles to their owners is well', async () => {
  await expect(run({ healthUrl: `${url}/health/live`, version: 'git-0123456789ab' })).resolves.toBeUndefined();
});

test('it says so when it cannot tell which version answered', async () => {
  await run();
  expect(lines).toContain('  version      not checked: --health and --version were not given');
});

test.each([
  ['/openapi.json', { status: 503, body: { code: 'UPSTREAM_UNAVAILABLE' } }, 'GET /openapi.json answered 503'],
  ['/v1/users/me', { status: 200, body: { items: [] } }, 'GET /v1/users/me without a token answered 200, not 401'],
  ['/health/live', { status: 200, body: { version: '0.0.0-git-ba9876543210' } }, 'expected git-0123456789ab'],
])('%s with %j fails', async (path, answer, problem) => {
  answers[path] = answer;
  await expect(run({ healthUrl: `${url}/health/live`, version: 'git-0123456789ab' })).rejects.toThrow(problem);
});

test('a customer who cannot register fails', async () => {
  await expect(run({ demo: true })).rejects.toThrow('The demo failed: POST /v1/users answered 404');
});
