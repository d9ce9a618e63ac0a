import { z } from 'zod';
import { envelope, messages, routes, rpcs } from './index.js';
import { isTextType } from './text.js';

/** Every schema within a schema, with its path. */
function* walk(schema: z.ZodType, path: string): Generator<[path: string, schema: z.ZodType]> {
  yield [path, schema];
  const { shape, element, innerType, options, in: input, out } = schema.def as unknown as Record<string, never>;
  for (const [key, value] of Object.entries<z.ZodType>(shape ?? {})) yield* walk(value, `${path}/${key}`);
  for (const [at, option] of Object.entries<z.ZodType>(options ?? [])) yield* walk(option, `${path}|${at}`);
  for (const inner of [element, innerType, input, out]) if (inner) yield* walk(inner, path);
}

const schemas: [path: string, schema: z.ZodType][] = [
  ['envelope', envelope as z.ZodType],
  ...messages.map(({ subject, data }) => [subject, data] as [string, z.ZodType]),
  ...rpcs.flatMap(({ subject, request, response }) => [
    [`${subject} request`, request] as [string, z.ZodType],
    [`${subject} response`, response] as [string, z.ZodType],
  ]),
  ...routes.flatMap(({ operationId, query, body, success }) =>
    Object.entries({ query, body, response: success.body }).flatMap(([part, schema]) =>
      schema ? [[`${operationId} ${part}`, schema] as [string, z.ZodType]] : [],
    ),
  ),
];
const all = schemas.flatMap(([name, schema]) => [...walk(schema, name)]);
const ofType = (type: string) => all.filter(([, schema]) => schema.def.type === type);
/** Kinds without a value of the sender's choice, and those that the walk descends into. */
const known = [
  'string',
  'number',
  'enum',
  'literal',
  'boolean',
  'object',
  'array',
  'union',
  'optional',
  'nullable',
  'default',
  'pipe',
  'transform',
];

test('the walk knows every kind of schema that there is', () => {
  expect(ofType('string').length).toBeGreaterThan(30);
  const others = all.filter(([path, schema]) => !known.includes(schema.def.type) && path !== 'envelope/data');
  expect(others.map(([path, schema]) => `${path}: ${schema.def.type}`)).toEqual([]);
});

test('every free string is one of the text types: no bare z.string()', () => {
  expect(
    ofType('string')
      .filter(([, schema]) => !isTextType(schema))
      .map(([path]) => path),
  ).toEqual([]);
});

test('every number is an integer with bounds that its column has room for', () => {
  const unbounded = ofType('number').filter(([, schema]) => {
    const { format, minValue, maxValue } = schema as z.ZodNumber;
    return format !== 'safeint' || minValue === Number.MIN_SAFE_INTEGER || maxValue === Number.MAX_SAFE_INTEGER;
  });
  expect(unbounded.map(([path]) => path)).toEqual([]);
});

test('a string that is bare, or a number without bounds, is found', () => {
  const bare = z.object({ a: z.array(z.string().trim().max(3).optional()), n: z.coerce.number() });
  const found = [...walk(bare, '')].filter(([, { def }]) => ['string', 'number'].includes(def.type));
  expect(found.map(([path, schema]) => [path, isTextType(schema)])).toEqual([
    ['/a', false],
    ['/n', false],
  ]);
});
