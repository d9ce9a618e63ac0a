import fc, { type Arbitrary } from 'fast-check';
import type { ApiDocument, FuzzedSchema } from '../api-document.js';

/** Longest text that is made; limits have attacks of their own. */
const longest = 300;

/**
 * Values that a schema accepts, as far as the API document tells.
 * @param example A value that the system accepts: parts of it are mixed in, because a schema does not say which ids there are.
 */
export function valid(document: ApiDocument, part: FuzzedSchema, example?: unknown): Arbitrary<unknown> {
  const made = validBy(document, part, example);
  if (example === undefined || typeof example === 'object') return made;
  return fc.oneof({ weight: 3, arbitrary: fc.constant(example) }, { weight: 1, arbitrary: made });
}

function validBy(document: ApiDocument, part: FuzzedSchema, example: unknown): Arbitrary<unknown> {
  const schema = document.resolve(part);
  const several = schema.anyOf ?? schema.oneOf;
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (several) return fc.oneof(...several.map((each) => valid(document, each)));
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  switch (type) {
    case 'object':
      return objects(document, schema, example);
    case 'array': {
      const { minItems = 0, maxItems = 5 } = schema;
      const lengths = { minLength: minItems, maxLength: Math.min(maxItems, minItems + 5) };
      return fc.array(valid(document, schema.items ?? {}, Array.isArray(example) ? example[0] : undefined), lengths);
    }
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1_000, max: Math.min(schema.maximum ?? 1_000_000, 2 ** 31) });
    case 'number':
      return fc.double({ min: schema.minimum, max: schema.maximum, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return texts(schema);
    default:
      return fc.jsonValue();
  }
}

function objects(document: ApiDocument, schema: FuzzedSchema, example: unknown): Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema;
  const known = (example ?? {}) as Readonly<Record<string, unknown>>;
  const fields = Object.entries(properties).map(([name, each]): [string, Arbitrary<unknown>] => [
    name,
    valid(document, each, known[name]),
  ]);
  return fc.record(Object.fromEntries(fields), { requiredKeys: required.filter((name) => name in properties) });
}

function texts({ format, pattern, minLength = 0, maxLength = longest }: FuzzedSchema): Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'email') return fc.emailAddress();
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  const free = fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, Math.max(longest, minLength)) });
  return pattern === undefined ? free : fc.stringMatching(new RegExp(pattern, 'u'));
}

/** What is in no schema: edge cases first, then anything that JSON can say. */
export const anything: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -0, -1, 1.5, 1e308, 2 ** 53, -(2 ** 63), '', ' ', '\0', '\ud800', [], {}, [
    [],
  ]),
  fc.constantFrom<unknown>(
    '__proto__',
    'constructor',
    'NaN',
    '1e999',
    '0x10',
    '2026-02-30T25:61:61Z',
    'a'.repeat(10_000),
  ),
  fc.string({ unit: 'binary', maxLength: longest }),
  fc.jsonValue({ maxDepth: 4 }),
);

/** A valid value with one part of it replaced, removed or added. */
export function almostValid(document: ApiDocument, schema: FuzzedSchema, example?: unknown): Arbitrary<unknown> {
  return fc
    .tuple(valid(document, schema, example), fc.nat(), fc.constantFrom('replace', 'remove', 'add'), anything)
    .map(([value, at, how, other]) => changed(value, at, how, other));
}

type Change = 'replace' | 'remove' | 'add';

/** @param at Which part: the places of the value are numbered from the outside to the inside. */
function changed(value: unknown, at: number, how: Change, other: unknown): unknown {
  const places = placesOf(value);
  const place = places[at % places.length]!;
  return withChange(value, place, how, other);
}

type Place = readonly string[];

function placesOf(value: unknown, at: Place = []): Place[] {
  if (value === null || typeof value !== 'object') return [at];
  return [at, ...Object.entries(value).flatMap(([key, each]) => placesOf(each, [...at, key]))];
}

function withChange(value: unknown, [key, ...rest]: Place, how: Change, other: unknown): unknown {
  if (key === undefined) return how === 'add' && isObject(value) ? { ...value, more: other } : other;
  const fields = Object.entries(value as object).flatMap(([name, each]: [string, unknown]): [string, unknown][] => {
    if (name !== key) return [[name, each]];
    return rest.length === 0 && how === 'remove' ? [] : [[name, withChange(each, rest, how, other)]];
  });
  return Array.isArray(value) ? fields.map(([, each]) => each) : Object.fromEntries(fields);
}

const isObject = (value: unknown): value is object =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
