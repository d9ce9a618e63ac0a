import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scopes } from '@causeway/contracts';
import { StubService } from '../src/testing/stub-service.js';
import { World } from '../src/testing/world.js';

// A service that libs/contracts does not know, under the rules of its contract record.
let folder: string;
let blog: StubService;
let world: World;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-record-'));
  const file = join(folder, 'contract.json');
  const base = { kind: 'operation', owner: 'blog' };
  const contracts = {
    publishPost: {
      ...base,
      ...{ method: 'post', path: '/v1/posts', needs: [`the scope ${scopes.profile}`], scope: scopes.profile },
    },
    getPost: { ...base, method: 'get', path: '/v1/posts/{postId}', needs: [] },
  };
  writeFileSync(file, JSON.stringify({ service: 'blog', contracts }));
  blog = await StubService.start();
  world = await World.start();
  await world.startGateway({ CONTRACT_FILES: file, DISCOVERY_STATIC: `blog=${blog.url}` });
});
beforeEach(() => blog.reset());
afterAll(async () => {
  await world?.end();
  await blog?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const post = (headers: Record<string, string>, body = '{}') =>
  world.fetch('/v1/posts', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];

test('a public route is forwarded without a token', async () => {
  expect((await world.fetch('/v1/posts/7?x=%2F')).status).toBe(200);
  expect(blog.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /v1/posts/7?x=%2F']);
});

test('a route with a scope needs a token that has it; the service sees no other request', async () => {
  expect(await codeOf(await post({}))).toEqual([401, 'TOKEN_MISSING']);
  expect(await codeOf(await post(await world.bearer(undefined, { scopes: ['another'] })))).toEqual([
    403,
    'SCOPE_MISSING',
  ]);
  expect(blog.received).toEqual([]);
  expect((await post(await world.bearer())).status).toBe(200);
  expect(blog.received).toHaveLength(1);
});

test('the limit of bodies holds', async () => {
  const response = await post(await world.bearer(), JSON.stringify('x'.repeat(300_000)));
  expect(await codeOf(response)).toEqual([413, 'BODY_TOO_LARGE']);
  expect(blog.received).toEqual([]);
});

test('what the record does not have is not forwarded', async () => {
  expect(await codeOf(await world.fetch('/v1/posts', { method: 'DELETE' }))).toEqual([405, 'METHOD_NOT_ALLOWED']);
  expect(await codeOf(await world.fetch('/v1/posts/7/secrets'))).toEqual([404, 'NOT_FOUND']);
  expect(blog.received).toEqual([]);
});
