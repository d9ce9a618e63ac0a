import { redact, scrub } from './redact.js';

test('names are compared by their ends, in any spelling', () => {
  const hidden = [
    'Authorization',
    'set-cookie',
    'PASSWORD',
    'access_token',
    'PSP_WEBHOOK_SECRETS',
    'x-api-key',
    'DATABASE_URL',
  ];
  const shown = ['tokenType', 'passwordPolicy', 'author', 'cookies_seen', 'url', 'key'];
  const value = Object.fromEntries([...hidden, ...shown].map((name) => [name, 'value']));
  const result = redact(value);
  expect(Object.keys(result).filter((name) => result[name] !== 'value')).toEqual(hidden);
});

test('an object without secrets is not copied', () => {
  const value = { a: [{ b: 1 }], at: new Date(0), none: null, token: undefined };
  expect(redact(value)).toBe(value);
});

test('a cycle ends', () => {
  const value: Record<string, unknown> = { token: 'x' };
  value['self'] = value;
  expect(redact(value)['token']).toBe('[redacted]');
});

const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl';

test.each([
  ['a JWT', jwt, 'eyJhbGci'],
  ['a bearer token', `authorization: Bearer ${'k'.repeat(24)}`, 'kkkk'],
  ['a password in an address', 'connect to postgres://order_app:hunter2@db:5432/order', 'hunter2'],
  ['an e-mail address', 'no user ada.o’neill+shop@example.co.uk here', 'neill'],
  ['an address with letters of any alphabet', 'jürgen@münchen.example', 'rgen'],
  ['the number of a card', 'paid with 4111 1111 1111 1111', '1111'],
])('%s is replaced wherever it stands in a line, and the line stays JSON', (_, secret, part) => {
  // What comes before it may end in an escape, of which nothing may be taken.
  const texts = ['', 'a ', 'line\n', 'tab\t', 'C:\\', '"', '\\n', '/', '\u0007', '=', '('].map(
    (before) => before + secret,
  );
  for (const text of texts) {
    const line = scrub(
      `${JSON.stringify({ level: 'info', msg: text, err: { stack: `${text}\n    at f (a.ts:1:2)` } })}\n`,
    );
    expect(line).not.toContain(part);
    expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: expect.stringContaining('[redacted]') });
  }
});

test('what only looks similar stays', () => {
  const line = JSON.stringify({
    time: '2026-11-27T22:58:42.123Z',
    trace_id: '41111111111111114111111111111111',
    orderId: '41111111-1111-4111-8111-111111111111',
    msg: 'paid 4111111111111112 units at http://order:8080/v1/orders; basic authentication is off',
    stack: 'at f (node_modules/@nestjs/core/index.js:1:2)',
  });
  expect(scrub(line)).toBe(line);
});
