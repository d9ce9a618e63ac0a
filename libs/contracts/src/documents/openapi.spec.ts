import { problemContentType } from '@causeway/errors';
import { errorCodesOf, peopleScopes, routes, scopesOf, scopesOfRoute, type RouteDefinition } from '../index.js';
import { bodyExamples } from './examples.js';
import { openApiDocument } from './index.js';

const document = openApiDocument({
  server: 'http://127.0.0.1:3000',
  authorizationUrl: 'http://127.0.0.1:3000/oidc/auth',
  tokenUrl: 'http://127.0.0.1:3000/oidc/token',
});
const cases = routes.map((route) => [route.operationId, route] as const);
const named = (id: string): RouteDefinition => routes.find(({ operationId }) => operationId === id)!;

interface DocumentedResponse {
  readonly headers?: Record<string, unknown>;
  readonly content?: Record<string, { examples?: Record<string, { $ref: string }>; example?: unknown }>;
}
const operationOf = ({ path, method }: RouteDefinition) => document.paths![path]![method]!;
const responseOf = (route: RouteDefinition, status: number): DocumentedResponse =>
  operationOf(route).responses![status] as DocumentedResponse;
const headersOf = (route: RouteDefinition, status: number) => Object.keys(responseOf(route, status).headers ?? {});
const headerParametersOf = (route: RouteDefinition) =>
  (operationOf(route).parameters ?? []).flatMap((each) =>
    '$ref' in each ? [each.$ref.replace('#/components/parameters/', '')] : [],
  );
/** Checks that the example parses to itself: no field more, no field less, nothing coerced. */
const fits = (schema: RouteDefinition['success']['body'], example: unknown) =>
  expect(schema!.parse(example)).toEqual(example);

test('operation ids are unique', () => {
  const ids = routes.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

describe.each(cases)('%s', (operationId, route) => {
  const operation = operationOf(route);

  test('is documented, with a summary in the third person and a described tag', () => {
    expect(operation.operationId).toBe(operationId);
    expect(operation.summary).toMatch(/^[A-Z][a-z]+s /);
    expect(document.tags?.find(({ name }) => name === operation.tags?.[0])?.description).toMatch(/\.$/);
  });

  test('takes a token from each flow that can grant one of its scopes, or a pasted one', () => {
    const needed = scopesOfRoute(route);
    const from = (flow: string, granted: readonly string[]) =>
      needed.filter((scope) => granted.includes(scope)).map((scope) => ({ [flow]: [scope] }));
    const flows = [...from('oidc', peopleScopes), ...from('machine', scopesOf.machines)];
    expect(operation.security).toEqual(needed.length > 0 ? [...flows, { bearer: [] }] : []);
    for (const scope of needed)
      expect(flows).toContainEqual({ [peopleScopes.includes(scope) ? 'oidc' : 'machine']: [scope] });
  });

  test('has a valid example for every body', () => {
    const { request, response } = bodyExamples[operationId] ?? {};
    if (route.body) fits(route.body, request);
    else expect(request).toBeUndefined();
    if (route.success.body) fits(route.success.body, response);
    else expect(response).toBeUndefined();
  });

  test('lists every code that it can return, by status, each with an example', () => {
    const listed: string[] = [];
    for (const [status, response] of Object.entries(operation.responses ?? {})) {
      const examples = (response as DocumentedResponse).content?.[problemContentType]?.examples ?? {};
      for (const code of Object.keys(examples)) {
        listed.push(code);
        const example = document.components?.examples?.[code] as { value: { status: number; code: string } };
        expect(example.value).toMatchObject({ code, status: Number(status) });
      }
    }
    expect(listed.sort()).toEqual([...errorCodesOf(route)].sort());
  });

  test('lists the headers of its responses', () => {
    const { success } = route;
    expect(headersOf(route, success.status)).toEqual(
      expect.arrayContaining([...(success.headers ?? []), ...(route.idempotent ? ['Idempotency-Replayed'] : [])]),
    );
    expect(headersOf(route, 429)).toEqual(expect.arrayContaining(['Retry-After', 'RateLimit-Remaining']));
    expect(headersOf(route, 503)).toEqual(expect.arrayContaining(['Retry-After', 'causeway-no-retry']));
    if (route.scope) for (const status of [401, 403]) expect(headersOf(route, status)).toContain('WWW-Authenticate');
    for (const status of Object.keys(operation.responses!))
      expect(headersOf(route, Number(status))).toEqual(expect.arrayContaining(['x-trace-id', 'Cache-Control']));
  });
});

test.each([
  ['registerUser', ['Idempotency-Key', 'causeway-deadline-ms']],
  ['changeAddress', ['If-Match', 'causeway-deadline-ms']],
  // demo
  ['receivePspWebhook', ['PSP-Signature', 'causeway-deadline-ms']],
  ['followOrder', ['Last-Event-ID']],
  ['listProducts', ['causeway-deadline-ms']],
  // end demo
])('%s takes the headers %j', (id, headers) => {
  expect(headerParametersOf(named(id))).toEqual(headers);
});

test('only bodies that may be left out are optional', () => {
  const optional = routes.filter((route) => {
    const body = operationOf(route).requestBody;
    return body && 'required' in body && !body.required;
  });
  expect(optional.map(({ operationId }) => operationId)).toEqual([
    // demo
    'cancelOrder',
    // end demo
  ]);
});

test('requests refuse unknown fields and responses allow them, so that clients survive new fields', () => {
  const schemas = document.components!.schemas as Record<string, { additionalProperties?: boolean }>;
  for (const name of ['User', 'Address', 'Problem'])
    expect([name, schemas[name]?.additionalProperties]).toEqual([name, undefined]);
  for (const name of ['Registration', 'ProfileChange', 'NewAddress'])
    expect([name, schemas[name]?.additionalProperties]).toEqual([name, false]);
});

// demo
test('schemas of the demo, too', () => {
  const schemas = document.components!.schemas as Record<string, { additionalProperties?: boolean }>;
  for (const name of ['Order', 'Product', 'Payment'])
    expect([name, schemas[name]?.additionalProperties]).toEqual([name, undefined]);
  for (const name of ['StockChange', 'OrderPlacement', 'Cancellation'])
    expect([name, schemas[name]?.additionalProperties]).toEqual([name, false]);
});

test('events of the stream have schemas', () => {
  expect(Object.keys(document.components!.schemas!)).toEqual(
    expect.arrayContaining(['OrderEventStream', 'OrderSnapshotEvent', 'OrderChangedEvent', 'OrderChange', 'Order']),
  );
});

// end demo
test('scopes are described in words, under the flow that can grant them', () => {
  const schemes = document.components!.securitySchemes as unknown as Record<
    string,
    { flows: Record<string, { scopes: Record<string, string> }> }
  >;
  const people = schemes['oidc']!.flows['authorizationCode']!.scopes;
  const machines = schemes['machine']!.flows['clientCredentials']!.scopes;
  expect([Object.keys(people), Object.keys(machines)]).toEqual([peopleScopes, scopesOf.machines]);
  for (const [scope, text] of Object.entries({ ...people, ...machines })) {
    expect(text).not.toContain(scope);
    expect(text.split(' ').length).toBeGreaterThan(3);
  }
});

// demo
test('a number in a query is documented as an integer with its bounds and default, though it is sent as text', () => {
  const parameters = document.paths?.['/v1/products']?.get?.parameters ?? [];
  const limit = parameters.find((parameter) => 'name' in parameter && parameter.name === 'limit');
  expect(limit).toMatchObject({ schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 } });
});
// end demo
