import { Directory } from './directory.js';

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const ping = (id: string, port = 4001, version = '1.0.0') =>
  encode({ name: 'order', id, version, metadata: { url: `http://127.0.0.1:${port}/` } });

function round(directory: Directory, ...answers: Uint8Array[]): void {
  directory.begin();
  answers.forEach((answer) => directory.seen('order', answer));
  directory.end(false);
}
const ids = (directory: Directory) => directory.endpoints('order').map(({ id }) => id);

test('an instance that misses three rounds is dropped; one reply makes up for two missed rounds', () => {
  const directory = new Directory(3);
  round(directory, ping('a'), ping('b', 4002));
  round(directory, ping('a'));
  round(directory, ping('a'));
  round(directory, ping('a'), ping('b', 4002));
  round(directory, ping('a'));
  round(directory, ping('a'));
  expect(ids(directory)).toEqual(['a', 'b']);
  round(directory, ping('a'));
  expect(ids(directory)).toEqual(['a']);
});

test('silence of all changes nothing; the broker’s report that there are no subscribers does', () => {
  const directory = new Directory(3);
  round(directory, ping('a'));
  for (let index = 0; index < 100; index += 1) round(directory);
  expect(ids(directory)).toEqual(['a']);
  for (let index = 0; index < 3; index += 1) {
    directory.begin();
    directory.end(true);
  }
  expect([ids(directory), directory.services()]).toEqual([[], []]);
});

test('the list is the same array until something changes', () => {
  const directory = new Directory(3);
  round(directory, ping('a'));
  const before = directory.endpoints('order');
  round(directory, ping('a'));
  expect(directory.endpoints('order')).toBe(before);
  round(directory, ping('a', 4001, '2.0.0'));
  expect(directory.endpoints('order')).toEqual([{ id: 'a', url: 'http://127.0.0.1:4001', version: '2.0.0' }]);
});

test('a departure counts only for the instance that announces it', () => {
  const directory = new Directory(3);
  round(directory, ping('a'), ping('b', 4002));
  directory.left('order', encode({ name: 'order', id: 'a' }));
  directory.left('payment', encode({ name: 'payment', id: 'b' }));
  expect(ids(directory)).toEqual(['b']);
});

test('an arrival under a known id from another address replaces the old entry', () => {
  const directory = new Directory(3);
  round(directory, ping('a', 4001));
  directory.announced('order', ping('a', 4009));
  expect(directory.endpoints('order').map(({ url }) => url)).toEqual(['http://127.0.0.1:4009']);
});

test.each([
  ['no JSON', new TextEncoder().encode('{"name":')],
  ['no address', encode({ name: 'order', id: 'x', version: '1.0.0', metadata: {} })],
  [
    'an address that is none',
    encode({ name: 'order', id: 'x', version: '1.0.0', metadata: { url: 'javascript:alert(1)' } }),
  ],
  ['a name that is none', encode({ name: '>', id: 'x', version: '1.0.0', metadata: { url: 'http://a' } })],
  ['a list', encode([])],
])('%s is ignored, wherever it comes from', (_what, nonsense) => {
  const directory = new Directory(3);
  round(directory, ping('a'), nonsense);
  for (const hear of ['announced', 'left'] as const) {
    directory[hear]('order', nonsense);
    expect([ids(directory), directory.services()]).toEqual([['a'], ['order']]);
  }
});

test('a service that speaks in the name of another is ignored', () => {
  const directory = new Directory(3);
  round(directory, ping('a'));
  directory.announced('user', ping('b', 6666));
  directory.begin();
  directory.seen('user', ping('c', 6667));
  directory.seen('order', ping('a'));
  directory.end(false);
  directory.left('user', encode({ name: 'order', id: 'a' }));
  expect([ids(directory), directory.services()]).toEqual([['a'], ['order']]);
});
