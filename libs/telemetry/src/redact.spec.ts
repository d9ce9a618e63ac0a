import { redact } from './redact.js';

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
