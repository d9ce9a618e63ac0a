import { homeView } from '../documents/example-data.js';
import { undeclared } from './undeclared.js';

const json = { 'content-type': 'application/json; charset=utf-8', etag: '"3"', date: 'now' };
const problem = { 'content-type': 'application/problem+json' };
const found = (
  status: number,
  headers: Record<string, string>,
  body: unknown,
  [method, path]: readonly [string, string] = ['GET', `/v1/users/me/addresses/${homeView.id}`],
) =>
  undeclared({
    method,
    url: `http://127.0.0.1:3000${path}`,
    status,
    headers: new Headers(headers),
    text: body === undefined ? '' : JSON.stringify(body),
  });

test.each([
  ['a declared response', 200, json, homeView],
  ['a declared problem', 404, problem, { code: 'NOT_FOUND' }],
])('%s is fine', (_title, status, headers, body) => {
  expect(found(status, headers, body)).toEqual([]);
});

test.each([
  ['another status', 302, json, homeView, 'the status'],
  ['another header', 200, { ...json, 'x-own': '1' }, homeView, 'the header x-own'],
  ['a promised header that is missing', 200, { 'content-type': 'application/json' }, homeView, 'no header etag'],
  ['another media type', 200, { ...json, 'content-type': 'text/html' }, homeView, 'the media type text/html'],
  ['a field that is not in the schema', 200, json, { ...homeView, cost: 1 }, 'a field'],
  ['a code of another operation', 404, problem, { code: 'EMAIL_TAKEN' }, 'the code EMAIL_TAKEN'],
])('%s is found', (_title, status, headers, body, what) => {
  expect(found(status, headers, body)).toEqual([`getAddress ${status}: ${what}`]);
});

test('a body that lacks a field is found', () => {
  const { city: _city, ...nameless } = homeView;
  expect(found(200, json, nameless)).toEqual([expect.stringContaining('a body that does not match the schema')]);
});

test('an undeclared body is found', () => {
  const operation = ['DELETE', '/v1/users/me/addresses/1'] as const;
  expect(found(204, {}, { bye: true }, operation)).toEqual(['removeAddress 204: a body']);
});

test('a URL that is no operation is ignored', () => {
  expect(found(418, {}, 'tea', ['GET', '/v1/tea'])).toEqual([]);
  expect(found(405, problem, { code: 'METHOD_NOT_ALLOWED' }, ['DELETE', '/v1/users'])).toEqual([]);
});
