import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from '@causeway/launcher/run';
import { startNxCache, type NxCache } from './nx-cache.js';
import { root } from './places.js';

let folder: string;
let cache: NxCache;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-nx-cache-'));
  cache = await startNxCache(join(folder, 'cache'));
});
afterEach(async () => {
  await cache.close();
  rmSync(folder, { recursive: true, force: true });
});

const settings = () => ({
  url: cache.env['NX_SELF_HOSTED_REMOTE_CACHE_SERVER']!,
  token: cache.env['NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN']!,
});
const request = (method: string, path: string, body?: string, token = settings().token) =>
  fetch(settings().url + path, { method, body, headers: { authorization: `Bearer ${token}` } });

test('keeps what it is given, once', async () => {
  expect((await request('GET', '/v1/cache/12')).status).toBe(404);
  expect((await request('PUT', '/v1/cache/12', 'built')).status).toBe(200);
  expect((await request('PUT', '/v1/cache/12', 'other')).status).toBe(409);
  expect(await (await request('GET', '/v1/cache/12')).text()).toBe('built');
  expect(cache.hits()).toBe(1);
});

test('answers nobody without the token, and leaves its folder for no path', async () => {
  expect((await request('PUT', '/v1/cache/12', 'forged', 'guess')).status).toBe(401);
  expect((await request('PUT', '/v1/cache/..%2Fx', 'forged')).status).toBe(404);
  expect(readdirSync(folder)).toEqual(['cache']);
  expect(readdirSync(join(folder, 'cache'))).toEqual([]);
});

test('nobody reads half an upload, and one that breaks off leaves nothing', async () => {
  const { url, token } = settings();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(
    `PUT /v1/cache/34 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: 99\r\n\r\npart`,
  );
  while (readdirSync(join(folder, 'cache')).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await request('GET', '/v1/cache/34')).status).toBe(404);
  socket.destroy();
  while (readdirSync(join(folder, 'cache')).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await request('GET', '/v1/cache/34')).status).toBe(404);
});

test('what was not used for a week goes', async () => {
  await request('PUT', '/v1/cache/56', 'old');
  await request('PUT', '/v1/cache/78', 'new');
  const longAgo = Date.now() / 1_000 - 8 * 24 * 3_600;
  utimesSync(join(folder, 'cache', '56'), longAgo, longAgo);
  await (await startNxCache(join(folder, 'cache'))).close();
  expect(readdirSync(join(folder, 'cache'))).toEqual(['78']);
});

test('Nx takes from it on another machine what it has built on the first', async () => {
  const shop = (name: string, text: string) => writeFileSync(join(folder, 'shop', name), text);
  mkdirSync(join(folder, 'shop', 'a'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'shop', 'node_modules'));
  shop('package.json', JSON.stringify({ name: 'shop', workspaces: ['a'] }));
  shop('nx.json', JSON.stringify({ analytics: false, neverConnectToCloud: true }));
  shop('.gitignore', 'node_modules\n.nx\ndist\n');
  const build = { command: 'mkdir -p a/dist && date > a/dist/when', cache: true, outputs: ['{projectRoot}/dist'] };
  shop('a/package.json', JSON.stringify({ name: 'a', nx: { targets: { build } } }));
  /** With a home and a record of the workspace of its own, as another machine has. */
  const onMachine = async (machine: string): Promise<string> => {
    for (const built of ['a/dist', '.nx']) rmSync(join(folder, 'shop', built), { recursive: true, force: true });
    const own = { HOME: join(folder, machine), NX_WORKSPACE_DATA_DIRECTORY: join(folder, machine, 'data') };
    mkdirSync(own.HOME);
    return output(
      [process.execPath, join(root, 'node_modules/nx/dist/bin/nx.js'), 'build', 'a', '--outputStyle=static'],
      {
        cwd: join(folder, 'shop'),
        env: {
          PATH: process.env['PATH'],
          ...own,
          ...cache.env,
          NX_DAEMON: 'false',
          NX_CACHE_DIRECTORY: join(own.HOME, 'cache'),
        },
      },
    );
  };
  expect(await onMachine('first')).not.toContain('[remote cache]');
  expect(await onMachine('second')).toContain('[remote cache]');
  expect(readdirSync(join(folder, 'shop/a/dist'))).toEqual(['when']);
});
