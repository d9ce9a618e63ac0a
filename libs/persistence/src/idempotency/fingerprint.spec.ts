import { canonicalJson, fingerprint } from './fingerprint.js';

test('the order of keys does not matter, at any depth; that of items does', () => {
  expect(fingerprint({ a: 1, b: { c: [{ d: 1, e: 2 }], f: null } })).toBe(
    fingerprint({ b: { f: null, c: [{ e: 2, d: 1 }] }, a: 1 }),
  );
  expect(fingerprint([1, 2])).not.toBe(fingerprint([2, 1]));
});

test.each([
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { a: '1' }],
  [{ a: null }, {}],
  [{ a: 1, b: 2 }, { a: 1 }],
  ['', null],
])('%j and %j differ', (a, b) => {
  expect(fingerprint(a)).not.toBe(fingerprint(b));
});

test('what JSON leaves out does not count', () => {
  expect(fingerprint({ a: 1, b: undefined })).toBe(fingerprint({ a: 1 }));
  expect(fingerprint(undefined)).toBe(fingerprint(null));
});

test('reads as JSON with sorted keys', () => {
  expect(canonicalJson({ b: [true, 'ü'], a: new Date(0), 10: 1n, 9: 2 })).toBe(
    '{"9":2,"10":"1","a":"1970-01-01T00:00:00.000Z","b":[true,"ü"]}',
  );
});

test('a key makes it unguessable; 64 hex digits either way', () => {
  expect(fingerprint('a', 'key')).not.toBe(fingerprint('a'));
  expect([fingerprint('a'), fingerprint('a', 'key')]).toEqual([
    expect.stringMatching(/^[0-9a-f]{64}$/),
    expect.stringMatching(/^[0-9a-f]{64}$/),
  ]);
});

test('what has no JSON is refused', () => {
  expect(() => fingerprint({ f: () => 1 })).toThrow(TypeError);
});
