import { isRepeatable, mayResend } from './call-rules.js';

const failed = (code: string) => Object.assign(new Error(code), { code });

test('a call that was never sent is made again, whatever it is', () => {
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])
    expect([code, mayResend(failed(code), false)]).toEqual([code, true]);
});

test('a call that broke off is made again only if it may arrive twice', () => {
  for (const code of ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']) {
    expect([code, mayResend(failed(code), true)]).toEqual([code, true]);
    expect([code, mayResend(failed(code), false)]).toEqual([code, false]);
  }
});

test('any other error is final', () => {
  for (const error of [failed('UND_ERR_INVALID_ARG'), new Error('unknown'), undefined])
    expect(mayResend(error, true)).toBe(false);
});

test.each([
  ['GET', {}, true],
  ['DELETE', {}, true],
  ['POST', {}, false],
  ['PATCH', {}, false],
  ['POST', { 'Idempotency-Key': 'k' }, true],
  ['POST', { 'idempotency-key': undefined }, false],
  ['PUT', { 'If-Match': '"7"' }, false],
  ['PATCH', { 'idempotency-key': 'k', 'if-match': '"7"' }, false],
])('%s with %j may arrive twice: %s', (method, headers, expected) => {
  expect(isRepeatable(method, headers)).toBe(expected);
});
