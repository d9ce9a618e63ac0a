import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { FieldOpener, FieldSealer } from './sealed-field.js';
import { parseSealedKeys, type SealedKeys } from './sealed-keys.js';

const pair = (namedCurve = 'P-256') => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    public: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    private: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  };
};
const keys = (text: string, side: 'public' | 'private'): SealedKeys => {
  const parsed = parseSealedKeys(text, side);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};
const first = pair();
const second = pair();
const sealer = (text = `v1:${first.public}`) => new FieldSealer(keys(text, 'public'));
const opener = (text = `v1:${first.private}`) => new FieldOpener(keys(text, 'private'));

test('a sealed value shows nothing of itself or of whom it is for, and opens for its subject only', async () => {
  const sealed = await sealer().seal('tok_success', 'payment-1');
  const readable = sealed.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  expect(sealed + readable.join()).not.toMatch(/tok_success|payment-1/);
  expect(await sealer().seal('tok_success', 'payment-1')).not.toBe(sealed);
  await expect(opener().open(sealed, 'payment-1')).resolves.toBe('tok_success');
  await expect(opener().open(sealed, 'payment-2')).rejects.toMatchObject({ code: 'SEALED_VALUE_INVALID' });
});

test('while keys are exchanged, values of both versions open', async () => {
  const old = await sealer().seal('a', 's');
  const renewed = await sealer(`v2:${second.public}`).seal('b', 's');
  const both = opener(`v1:${first.private},v2:${second.private}`);
  await expect(Promise.all([both.open(old, 's'), both.open(renewed, 's')])).resolves.toEqual(['a', 'b']);
  await expect(opener().open(renewed, 's')).rejects.toMatchObject({ code: 'SEALED_KEY_UNKNOWN' });
});

test('another key of the same version, an altered value and plain text do not open', async () => {
  const sealed = await sealer().seal('tok_success', 's');
  const wrong = opener(`v1:${second.private}`);
  await expect(wrong.open(sealed, 's')).rejects.toMatchObject({ code: 'SEALED_VALUE_INVALID', retryable: false });
  const tag = sealed.lastIndexOf('.') + 1;
  const otherTag = sealed.slice(0, tag) + (sealed[tag] === 'A' ? 'B' : 'A') + sealed.slice(tag + 1);
  for (const altered of [otherTag, 'tok_success', 'a.b.c.d.e'])
    await expect(opener().open(altered, 's')).rejects.toMatchObject({ code: 'SEALED_VALUE_INVALID' });
});

test.each([
  ['', 'expected v1:<base64>,v2:<base64>'],
  [`v1:${first.private},v1:${second.private}`, 'v1 appears twice'],
  [`v1:${first.public}`, 'expected private keys on the curve P-256'],
  [`v1:${pair('P-384').private}`, 'expected private keys on the curve P-256'],
])('a setting that is no list of private keys is refused, and not quoted', (text, reason) => {
  const refusal = parseSealedKeys(text, 'private');
  expect(refusal).toContain(reason);
  expect(refusal).not.toContain(first.private);
});

test('keys do not show in logs', () => {
  const parsed = keys(`v1:${first.private}`, 'private');
  expect(inspect(parsed, { depth: 9, showHidden: true }) + JSON.stringify(parsed)).not.toContain(
    first.private.slice(40, 60),
  );
});
