import { CursorCodec, CursorInvalid, keysetPage } from './cursor.js';

const codec = new CursorCodec('a-secret-of-32-characters-or-more', 'orders');
const cursor = codec.encode(['2026-11-21T10:00:00.000Z', 42]);

test('values are decoded as text', () => {
  expect(codec.decode(cursor, 2)).toEqual(['2026-11-21T10:00:00.000Z', '42']);
});

test('fits into an address as it is', () => {
  expect(encodeURIComponent(cursor)).toBe(cursor);
});

test.each([
  ['nothing', ''],
  ['rubbish', 'abc'],
  ['no signature', cursor.split('.')[0]!],
  ['a changed value', `${Buffer.from('["2030","42"]').toString('base64url')}.${cursor.split('.')[1]}`],
  ['a changed signature', cursor.slice(0, -2) + (cursor.endsWith('AA') ? 'BB' : 'AA')],
  ['another secret', new CursorCodec('another-secret-of-32-characters!!', 'orders').encode(['a', 'b'])],
  ['another list', new CursorCodec('a-secret-of-32-characters-or-more', 'products').encode(['a', 'b'])],
  ['another number of values', codec.encode(['a'])],
])('%s is refused', (_what, text) => {
  expect(() => codec.decode(text, 2)).toThrow(CursorInvalid);
});

test('cursors of a secret that is being replaced are still accepted', () => {
  const next = new CursorCodec(['the-new-secret-of-32-characters!!', 'a-secret-of-32-characters-or-more'], 'orders');
  expect(next.decode(cursor, 2)).toHaveLength(2);
  expect(() => codec.decode(next.encode(['a', 'b']), 2)).toThrow(CursorInvalid);
});

test('an extra row shows that another page exists, and is not part of this one', () => {
  const rows = [{ id: 1 }, { id: 2 }, { id: 3 }];
  const page = keysetPage(rows, 2, codec, (row) => [row.id]);
  expect(page.items).toEqual([{ id: 1 }, { id: 2 }]);
  expect(codec.decode(page.nextCursor!, 1)).toEqual(['2']);
  expect(keysetPage(rows, 3, codec, (row) => [row.id]).nextCursor).toBeNull();
  expect(keysetPage([], 3, codec, () => [])).toEqual({ items: [], nextCursor: null });
});
