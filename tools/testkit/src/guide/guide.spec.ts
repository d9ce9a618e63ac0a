import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyEdit, readGuide } from './blocks.js';
import { difference, type KnownIds } from './compare.js';

test('blocks of the three kinds are read in order, and others are not', () => {
  const page = '# A\n\n```sh\nls\n```\n\n```text\na\nb\n```\n\n```ts\nno\n```\n\n```diff\n+++ b/a\n```\n';
  expect(readGuide(page)).toEqual([
    { kind: 'sh', text: 'ls\n', line: 3 },
    { kind: 'text', text: 'a\nb\n', line: 7 },
    { kind: 'diff', text: '+++ b/a\n', line: 16 },
  ]);
});

describe('an edit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guide-'));
  const file = join(folder, 'list.ts');
  beforeEach(() => writeFileSync(file, 'a\nab\n\nc\nd\n'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const edit = (...lines: string[]): string => {
    applyEdit(folder, ['+++ b/list.ts', ...lines, ''].join('\n'));
    return readFileSync(file, 'utf8');
  };

  test('inserts before a line, replaces, deletes, in several places', () => {
    expect(edit('+0', ' a')).toBe('0\na\nab\n\nc\nd\n');
    expect(edit(' a', '-ab', '+x', '+$&', ' ', ' c', '@@', '-d')).toBe('0\na\nx\n$&\n\nc\n');
  });

  test('of a place that is missing or not the only one is refused', () => {
    expect(() => edit('+0', ' b')).toThrow('list.ts has 0 places like this');
    writeFileSync(file, 'a\na\n');
    expect(() => edit('-a')).toThrow('list.ts has 2 places like this');
  });
});

describe('what a command says', () => {
  const [one, two, three] = ['1', '2', '3'].map((digit) => `0193a7c8-2b1d-7e44-9f02-6c5a1d7e3b9${digit}`) as [
    string,
    string,
    string,
  ];
  const compare = (shown: string, said: string, ids: KnownIds = new Map()) => difference(shown, said, ids);

  test('is the same with other times, durations and bars', () => {
    expect(compare('ready in 12 ms at 2026-11-28T05:00:00.000Z', 'ready in 1 s at 2027-01-02T03:04:05.678Z\n')).toBe(
      undefined,
    );
    expect(compare('20261128060000_posts', '20270102030405_posts')).toBeUndefined();
    expect(compare('12 ms', '12 orders')).toContain('expected');
    expect(compare('call   ██  2 ms', 'call █████ 20 ms')).toBeUndefined();
    expect(compare('a    1 ms   b', 'a  1000 ms  b')).toBeUndefined();
  });

  test('has ids that are the same where the guide has the same', () => {
    const ids: KnownIds = new Map();
    expect(compare(`post ${one} by ${two}`, `post ${two} by ${one}`, ids)).toBeUndefined();
    expect(compare(`got ${one}`, `got ${two}`, ids)).toBeUndefined();
    expect(compare(`got ${one}`, `got ${one}`, ids)).toContain('expected');
    expect(compare(`got ${three}`, `got ${two}`, ids)).toContain('expected');
    expect(compare(`${three} ${three}`, `${one} ${two}`)).toContain('expected');
  });

  test('may have more where the guide has an ellipsis, and nowhere else', () => {
    expect(compare('a\n…\nd … e', 'a\nb\nc\nd 1 2 e')).toBeUndefined();
    expect(compare('…\nb\n…', 'a\nb\nc')).toBeUndefined();
    expect(compare('a', 'a\nb')).toContain('said more');
    expect(compare('a\nb', 'a')).toContain('no line like this');
    expect(compare('…\nb', 'a\nc')).toContain('no line like this');
    expect(compare('b', 'a')).toContain('expected:\n  b\nsaid:\n  a');
    expect(compare('d … f', 'd 1 2 e')).toContain('expected');
  });
});
