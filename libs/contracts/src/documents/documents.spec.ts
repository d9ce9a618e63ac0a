import { messages, routes, rpcs, scopes } from '../index.js';
import { asyncApiDocument, openApiDocument } from './index.js';

test('the OpenAPI document holds every route with its security, headers and problems', () => {
  const document = openApiDocument({
    server: 'http://127.0.0.1:3000',
    authorizationUrl: 'http://127.0.0.1:3000/oidc/auth',
    tokenUrl: 'http://127.0.0.1:3000/oidc/token',
  });
  expect(document.openapi).toBe('3.1.0');
  for (const route of routes) {
    const operation = document.paths?.[route.path]?.[route.method];
    expect(operation?.operationId).toBe(route.operationId);
    const flow = route.scope === scopes.catalogWrite ? 'machine' : 'oidc';
    expect(operation?.security).toEqual(route.scope ? [{ [flow]: [route.scope] }, { bearer: [] }] : []);
    const headers = (operation?.parameters ?? []).flatMap((parameter) =>
      'in' in parameter && parameter.in === 'header' ? [parameter.name] : [],
    );
    expect(headers).toEqual([
      ...(route.idempotent ? ['idempotency-key'] : []),
      ...(route.versioned ? ['if-match'] : []),
    ]);
    expect(operation?.responses?.['500']).toBeDefined();
  }
  expect(Object.keys(document.components?.schemas ?? {})).toEqual(
    expect.arrayContaining(['Order', 'Payment', 'Problem', 'User']),
  );
});

test('operation ids are unique', () => {
  const ids = routes.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the AsyncAPI document holds every message and every request/reply', () => {
  const { channels } = asyncApiDocument() as { channels: Record<string, { address: string | null }> };
  const addresses = Object.values(channels).map(({ address }) => address);
  expect(addresses).toEqual(expect.arrayContaining([...messages, ...rpcs].map(({ subject }) => subject)));
});
