import { requestHeaders, responseHeaders, targetOf } from './headers.js';

test('of a request what belongs to the connection, or is ours to say, is left out', () => {
  const kept = {
    authorization: 'Bearer x',
    cookie: 'a=1',
    'idempotency-key': 'k',
    'psp-signature': 't=1',
    accept: '*/*',
  };
  const dropped = {
    connection: 'keep-alive, X-One ,x-two',
    'x-one': '1',
    'x-two': '2',
    'keep-alive': 'timeout=5',
    'proxy-connection': 'keep-alive',
    'transfer-encoding': 'chunked',
    trailer: 'x',
    te: 'trailers',
    upgrade: 'websocket',
    expect: '100-continue',
    host: 'shop.example',
    'content-length': '7',
    forwarded: 'for=1.2.3.4',
    'x-real-ip': '1.2.3.4',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-anything': '1',
    'causeway-deadline-ms': '60000',
    traceparent: '00-a-b-01',
    tracestate: 'a=b',
    baggage: 'a=b',
  };
  expect(requestHeaders({ ...kept, ...dropped })).toEqual(kept);
});

test('of an answer, too; and what is on it already', () => {
  const kept = { 'content-type': 'a/b', 'content-length': '7', 'set-cookie': ['a', 'b'], 'causeway-no-retry': '1' };
  const dropped = { connection: 'close, x-one', 'x-one': '1', 'transfer-encoding': 'chunked', 'x-trace-id': 't' };
  expect(responseHeaders({ ...kept, ...dropped }, 'x-trace-id')).toEqual(kept);
});

test.each([
  ['/v1/things?limit=1&a=%2F..%2F', '/v1/things?limit=1&a=%2F..%2F'],
  ['/oidc/a..b/...x/.well', '/oidc/a..b/...x/.well'],
  ['http://elsewhere.example:80/v1/x?y', '/v1/x?y'],
  ['//elsewhere.example/x', '//elsewhere.example/x'],
  ['/oidc/..', undefined],
  ['/oidc/./x', undefined],
  ['/oidc/../x?y', undefined],
  ['/oidc/%2E%2e/x', undefined],
  ['/oidc/a%2f..%5cx', undefined],
  ['/oidc/.%2e\\x', undefined],
])('%s is asked for as %s', (url, target) => expect(targetOf(url)).toBe(target));
