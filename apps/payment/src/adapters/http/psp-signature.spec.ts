import { signWebhook, verifyWebhook } from './psp-signature.js';

const now = new Date('2026-11-21T10:00:00Z');
const seconds = now.getTime() / 1_000;
const body = Buffer.from('{"id":"evt_1"}');
const secrets = ['the-new-secret-0123456789', 'the-old-secret-0123456789'];
const codeOf = (header: string | undefined, bytes = body, live: readonly string[] = secrets) => {
  try {
    verifyWebhook(header, bytes, live, now);
    return 'valid';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const signed = (at = seconds, secret = secrets[0]!) => signWebhook(body, secret, at);

test('every live secret is accepted, a retired one is not', () => {
  expect(codeOf(signed())).toBe('valid');
  expect(codeOf(signed(seconds, secrets[1]))).toBe('valid');
  expect(codeOf(signed(seconds, secrets[1]), body, [secrets[0]!])).toBe('SIGNATURE_INVALID');
});

test('five minutes either way are accepted, not more', () => {
  expect([codeOf(signed(seconds - 300)), codeOf(signed(seconds + 300))]).toEqual(['valid', 'valid']);
  expect([codeOf(signed(seconds - 301)), codeOf(signed(seconds + 301))]).toEqual([
    'SIGNATURE_TOO_OLD',
    'SIGNATURE_TOO_OLD',
  ]);
});

test('one changed byte of the body, or another time, is noticed', () => {
  expect(codeOf(signed(), Buffer.from('{"id":"evt_2"}'))).toBe('SIGNATURE_INVALID');
  expect(codeOf(signed().replace(/t=\d+/, `t=${seconds + 1}`))).toBe('SIGNATURE_INVALID');
});

test('one of several signatures is enough, and unknown parts are ignored', () => {
  const [time, v1] = signed().split(',');
  expect(codeOf(`${time},v0=00,v1=${'00'.repeat(32)},${v1}`)).toBe('valid');
});

test.each([undefined, '', 't=1', 'v1=00', `t=${seconds},v1=`, `t=${seconds},v1=zz`, 't=now,v1=00', 'garbage'])(
  'a missing or malformed header is refused: %s',
  (header) => expect(codeOf(header)).toBe('SIGNATURE_INVALID'),
);
