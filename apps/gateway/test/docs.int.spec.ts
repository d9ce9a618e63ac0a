import { routes } from '@causeway/contracts';
import { World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.end());

test('the page and everything it loads come from here, under a policy that lets nothing else in', async () => {
  const response = await world.fetch('/docs/');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https:|\*|upgrade-insecure/);
  const html = await response.text();
  expect(html).toContain('<title>Causeway API</title>');
  const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  expect(loaded.length).toBeGreaterThan(3);
  for (const path of loaded) {
    expect(path).toMatch(/^\.\//);
    expect([path, (await world.fetch(new URL(path, 'http://x/docs/').pathname)).status]).toEqual([path, 200]);
  }
  expect(html).not.toMatch(/<script>|<style>/);
});

test('the document describes every route, at the public address', async () => {
  const document = (await (await world.fetch('/openapi.json')).json()) as {
    openapi: string;
    servers: { url: string }[];
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  expect(document.openapi).toMatch(/^3\.1/);
  expect(document.servers.map(({ url }) => url)).toEqual(['https://shop.example']);
  for (const { path, method, operationId } of routes)
    expect(document.paths[path]?.[method]?.operationId).toBe(operationId);
  expect(await (await world.fetch('/docs/json')).json()).toEqual(document);
  expect(await (await world.fetch('/asyncapi.json')).json()).toMatchObject({ asyncapi: expect.stringMatching(/^3\./) });
});
