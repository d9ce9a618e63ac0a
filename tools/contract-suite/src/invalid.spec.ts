import type { ContractSchema } from '@causeway/contracts/published';
import { invalidBodies } from './invalid.js';
import { sampleOf } from './sample.js';
import { isValid } from './schema.js';

const schema: ContractSchema = {
  type: 'object',
  properties: {
    text: { type: 'string', minLength: 1, maxLength: 5 },
    kind: { type: 'string', enum: ['a', 'b'] },
    items: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] },
    },
    note: { type: 'string', maxLength: 3 },
  },
  required: ['text', 'kind', 'items'],
  ...{ additionalProperties: false },
};
const valid = { text: 'hello', kind: 'a', items: [{ n: 1 }] };

test('each invalid body has one thing wrong, and names where', () => {
  const found = invalidBodies(schema, valid);
  const at = (pointer: string): string[] =>
    found.filter((each) => each.pointer === pointer).map(({ about }) => about.replace(`${pointer} `, ''));
  expect(at('/text').sort()).toEqual([
    'has U+0000 (unstorable)',
    'has half of a surrogate pair (unstorable)',
    'is a number',
    'is missing',
    'is null',
    'is too long',
    'is too short',
  ]);
  expect(at('/kind')).toEqual(expect.arrayContaining(['is missing', 'is none of what is allowed']));
  expect(at('/items')).toEqual(expect.arrayContaining(['is missing', 'is an object', 'has too few items']));
  expect(at('/items/0/n')).toEqual(
    expect.arrayContaining(['is missing', 'is a text', 'is too small', 'is no whole number']),
  );
  expect(at('/unheardOf')).toEqual(['is an unknown field']);
});

test('the schema refuses them all, except for characters that JSON Schema cannot forbid', () => {
  for (const { body, about } of invalidBodies(schema, valid))
    expect([about, isValid(schema, body)]).toEqual([about, about.includes('unstorable')]);
});

test('where the schema allows more fields, an unknown one is not invalid', () => {
  const { additionalProperties: _, ...open } = schema as ContractSchema & { additionalProperties: boolean };
  expect(invalidBodies(open, valid).filter(({ pointer }) => pointer === '/unheardOf')).toEqual([]);
});

test('a value made from a schema is valid, with every optional field', () => {
  const made = sampleOf(schema) as Record<string, unknown>;
  expect(isValid(schema, made)).toBe(true);
  expect(Object.keys(made)).toEqual(['text', 'kind', 'items', 'note']);
});

test('where no value is known, the error says what to do', () => {
  expect(() => sampleOf({ type: 'object', properties: { code: { type: 'string', pattern: '^Q\\d{9}$' } } })).toThrow(
    'no valid value is known for /code; give an example in the contract or the fixture',
  );
});
