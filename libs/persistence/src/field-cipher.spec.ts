import { inspect } from 'node:util';
import { BlindIndex, FieldCipher } from './field-cipher.js';
import { parseFieldKeys, type FieldKeys } from './field-keys.js';

const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const keys = (...versions: [string, number][]) =>
  parseFieldKeys(versions.map(([version, byte]) => `${version}:${base64(byte)}`).join(',')) as FieldKeys;
const cipher = new FieldCipher(keys(['v1', 1]));

/** Any change must be noticed: each byte of a stored value is flipped in turn. */
function* tampered(stored: string): Generator<string> {
  const [version, sealed] = stored.split('.') as [string, string];
  const bytes = Buffer.from(sealed, 'base64url');
  for (let index = 0; index < bytes.length; index++) {
    const copy = Buffer.from(bytes);
    copy[index]! ^= 1;
    yield `${version}.${copy.toString('base64url')}`;
  }
  yield `${version}.${bytes.subarray(0, -1).toString('base64url')}`;
  yield `${version}.${bytes.subarray(0, 20).toString('base64url')}`;
}

test.each(['ann@example.org', '', '发货地址 🚢', 'x'.repeat(10_000)])('%# survives encryption', (text) => {
  const stored = cipher.encrypt(text, 'users.email', '1');
  expect(stored).toMatch(/^v1\.[\w-]+$/);
  expect(cipher.decrypt(stored, 'users.email', '1')).toBe(text);
});

test('the same text looks different each time', () => {
  expect(cipher.encrypt('a', 'users.email', '1')).not.toBe(cipher.encrypt('a', 'users.email', '1'));
});

test('a value that was changed in any place does not decrypt', () => {
  for (const stored of tampered(cipher.encrypt('ann@example.org', 'users.email', '1'))) {
    expect(() => cipher.decrypt(stored, 'users.email', '1')).toThrow(
      expect.objectContaining({ code: 'FIELD_DECRYPTION_FAILED' }),
    );
  }
});

test('a value that was moved to another row or column does not decrypt, and the error does not show it', () => {
  const stored = cipher.encrypt('ann@example.org', 'users.email', '1');
  for (const [column, row] of [['users.email', '2'] as const, ['users.name', '1'] as const]) {
    expect(() => cipher.decrypt(stored, column, row)).toThrow(/^a value of users\.\w+ could not be decrypted$/);
  }
});

test.each(['', 'plain text', 'v1.', 'v1.!!', 'v1:abc'])('%j, which was never encrypted, does not decrypt', (stored) => {
  expect(() => cipher.decrypt(stored, 'users.email', '1')).toThrow(
    expect.objectContaining({ code: 'FIELD_DECRYPTION_FAILED' }),
  );
});

test('keys rotate: the last one encrypts, all decrypt, outdated values are recognized', () => {
  const rotated = new FieldCipher(keys(['v1', 1], ['v2', 2]));
  const old = cipher.encrypt('a', 'users.email', '1');
  const fresh = rotated.encrypt('a', 'users.email', '1');
  expect(fresh).toMatch(/^v2\./);
  expect(rotated.decrypt(old, 'users.email', '1')).toBe('a');
  expect([rotated.isOutdated(old), rotated.isOutdated(fresh)]).toEqual([true, false]);
  expect(() => cipher.decrypt(fresh, 'users.email', '1')).toThrow(
    expect.objectContaining({ code: 'FIELD_KEY_UNKNOWN', version: 'v2' }),
  );
});

test('keys do not show when they are logged', () => {
  const shown = inspect(keys(['v1', 1]), { depth: 9 }) + JSON.stringify(keys(['v1', 1]));
  expect(shown).not.toMatch(/01 01|AQEB/);
});

describe('the blind index', () => {
  const index = new BlindIndex('k'.repeat(32));
  test('is the same for spellings of one address', () => {
    expect(index.of(' Ann@Example.org ', 'users.email')).toBe(index.of('ann@example.org', 'users.email'));
    expect(index.of('ﬁn', 'users.name')).toBe(index.of('FIN', 'users.name'));
  });
  test('differs by value, column and key', () => {
    const hashes = [
      index.of('ann', 'users.email'),
      index.of('bob', 'users.email'),
      index.of('ann', 'users.name'),
      new BlindIndex('l'.repeat(32)).of('ann', 'users.email'),
    ];
    expect(new Set(hashes).size).toBe(4);
  });
});
