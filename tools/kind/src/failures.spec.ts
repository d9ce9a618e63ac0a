import { UnexpectedResponse } from '@causeway/demo-client';
import { failedResponse, failedCall } from './failures.js';

test.each([
  [502, 'bad gateway', '502', 'dropped'],
  [503, { code: 'NO_ENDPOINT' }, '503 NO_ENDPOINT', 'dropped'],
  [504, undefined, '504', 'dropped'],
  [500, { code: 'INTERNAL' }, '500 INTERNAL', 'wrong'],
  [401, { code: 'TOKEN_EXPIRED' }, '401 TOKEN_EXPIRED', 'wrong'],
  [409, { code: 'OUT_OF_STOCK' }, '409 OUT_OF_STOCK', 'stock'],
  [429, { code: 'RATE_LIMITED' }, '429 RATE_LIMITED', 'limited'],
])('%d %j is %s: %s', (status, body, kind, cause) =>
  expect(failedResponse('GET /x', status, body)).toMatchObject({ kind: `GET /x: ${kind}`, cause }),
);

const coded = (code: string) => Object.assign(new Error(code), { code });
test.each([
  ['a connection that was closed', new TypeError('fetch failed', { cause: coded('ECONNRESET') }), 'ECONNRESET'],
  [
    'no server at any address',
    new TypeError('fetch failed', { cause: Object.assign(new AggregateError([coded('ECONNREFUSED')]), {}) }),
    'ECONNREFUSED',
  ],
  ['a response that broke off', new TypeError('terminated', { cause: coded('UND_ERR_SOCKET') }), 'UND_ERR_SOCKET'],
  ['no response', new DOMException('The operation was aborted', 'TimeoutError'), 'no response in time'],
])('%s was dropped', (_, error, kind) =>
  expect(failedCall('GET /x', error)).toMatchObject({ kind: `GET /x: ${kind}`, cause: 'dropped' }),
);

test('failures of one kind have one name, whatever their ids', () => {
  const of = (id: string) =>
    failedCall('sign-in', new UnexpectedResponse(`sign-in at /oidc/interaction/${id}`, 503, '')).kind;
  expect(of('A1b2C3d4E5f6G7h8I9j0k')).toBe('sign-in at /oidc/interaction/{id}: 503');
  expect(of('Zz9_yX8-wV7uT6sR5qP4o')).toBe(of('A1b2C3d4E5f6G7h8I9j0k'));
});
