import { identifier, line, opaque, paragraph, text } from './text.js';

const problem = (
  schema: { safeParse(value: unknown): { success: boolean; error?: { issues: { message: string }[] } } },
  value: unknown,
) => schema.safeParse(value).error?.issues.map(({ message }) => message);

const name = line(10);
const reason = paragraph(10);

describe('every type refuses what PostgreSQL cannot store', () => {
  const types = { text, line: name, paragraph: reason, opaque: opaque(1, 10), identifier: identifier(10) };
  const values = {
    'U+0000': 'a\u0000b',
    'a high surrogate': 'a\ud800',
    'a low surrogate': '\udc00b',
    reversed: '\udc00\ud800',
  };
  for (const [type, schema] of Object.entries(types))
    test.each(Object.entries(values))(`${type}: %s`, (_, value) => expect(problem(schema, value)).toHaveLength(1));
});

test.each(['Ann', 'Łukasz 🦊', 'Zoë', 'e\u0301', '北京市', 'שלום\u200f', '👨‍👩‍👧', 'Ａ', 'O’B \\ "x"'])(
  '%j is a name, and stays as it is',
  (value) => {
    expect(name.parse(value)).toBe(value);
  },
);

test.each([
  ['', 'at least 1 character'],
  ['   ', 'at least 1 character'],
  ['\u200b\u2060', 'visible'],
  ['\u3164', 'visible'],
  ['a\u0007', 'control'],
  ['a\u007fb', 'control'],
  ['a\u0085b', 'control'],
  ['a\nb', 'single line'],
  ['a\tb', 'single line'],
  ['a\u2028b', 'single line'],
  ['\u202egnp.exe', 'direction'],
  ['a\u2066b', 'direction'],
  ['a'.repeat(11), 'at most 10 characters'],
])('%j is no name', (value, message) => expect(problem(name, value)).toEqual([expect.stringContaining(message)]));

test('a paragraph may have lines and tabs, but no other controls', () => {
  expect(reason.parse(' a\n\tb ')).toBe('a\n\tb');
  expect(problem(reason, 'a\u001bb')).toEqual([expect.stringContaining('control')]);
});

test('length is counted in characters, not in UTF-16 units', () => {
  expect(name.parse('🦊'.repeat(10))).toHaveLength(20);
  expect(problem(name, '🦊'.repeat(11))).toEqual(['expected at most 10 characters']);
  expect(problem(opaque(12, 20), '🦊'.repeat(11))).toEqual(['expected at least 12 characters']);
});

test('text that is never displayed keeps its spaces', () => {
  expect(opaque(3, 5).parse('   ')).toBe('   ');
});

test.each(['', 'a b', 'é', 'a\u007f', 'a'.repeat(11)])('%j is no identifier', (value) => {
  expect(problem(identifier(10), value)).toHaveLength(1);
});
