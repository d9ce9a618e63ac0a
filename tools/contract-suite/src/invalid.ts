import type { ContractSchema } from '@causeway/contracts/published';
import { isValid } from './schema.js';

/** A body that a service must refuse, and the JSON pointer that its answer must name. */
export interface InvalidBody {
  /** For messages: "/text too long". */
  readonly about: string;
  readonly pointer: string;
  readonly body: unknown;
}

/** What PostgreSQL cannot store. JSON can carry both. */
export const unstorable = { 'U+0000': '\u0000', 'half of a surrogate pair': '\ud800' } as const;

type Json = Readonly<Record<string, unknown>>;
type Rebuild = (value: unknown) => unknown;

/**
 * Derives invalid bodies from a valid one: every field missing, of another type, too long, too large, of an unknown
 * name, or with characters that cannot be stored; one thing wrong at a time.
 */
export function invalidBodies(schema: ContractSchema, valid: unknown): InvalidBody[] {
  return [...variants(schema, valid, '', (value) => value)].filter(
    ({ body, about }) => about.includes('unstorable') || !isValid(schema, body),
  );
}

function* variants(schema: ContractSchema, valid: unknown, pointer: string, rebuild: Rebuild): Iterable<InvalidBody> {
  const wrong = (about: string, value: unknown, at = pointer): InvalidBody => ({
    about: `${at || 'the body'} ${about}`,
    pointer: at,
    body: rebuild(value),
  });
  if (schema.anyOf) return;
  switch (schema.type) {
    case 'object': {
      if (pointer !== '') yield wrong('is a list', []);
      const fields = (valid ?? {}) as Json;
      yield wrong('is an unknown field', { ...fields, unheardOf: 1 }, `${pointer}/unheardOf`);
      for (const name of schema.required ?? []) {
        const { [name]: _, ...others } = fields;
        yield wrong('is missing', others, `${pointer}/${name}`);
      }
      for (const [name, field] of Object.entries(schema.properties ?? {}))
        if (fields[name] !== undefined)
          yield* variants(field, fields[name], `${pointer}/${name}`, (value) => rebuild({ ...fields, [name]: value }));
      return;
    }
    case 'array': {
      const items = valid as unknown[];
      yield wrong('is an object', {});
      if (schema.minItems) yield wrong('has too few items', items.slice(0, schema.minItems - 1));
      if (schema.maxItems !== undefined && items.length > 0)
        yield wrong('has too many items', Array(schema.maxItems + 1).fill(items[0]));
      if (schema.items && items.length > 0)
        yield* variants(schema.items, items[0], `${pointer}/0`, (value) => rebuild([value, ...items.slice(1)]));
      return;
    }
    case 'string':
      yield wrong('is a number', 12);
      yield wrong('is null', null);
      yield* textVariants(schema, String(valid), wrong);
      return;
    case 'integer':
    case 'number':
      yield wrong('is a text', 'many');
      if (schema.minimum !== undefined) yield wrong('is too small', schema.minimum - 1);
      if (schema.maximum !== undefined) yield wrong('is too large', schema.maximum + 1);
      if (schema.type === 'integer') yield wrong('is no whole number', 1.5);
      return;
    case 'boolean':
      yield wrong('is a text', 'yes');
      return;
    default:
      return;
  }
}

function* textVariants(
  schema: ContractSchema,
  valid: string,
  wrong: (about: string, value: unknown) => InvalidBody,
): Iterable<InvalidBody> {
  if (schema.pattern !== undefined || schema.format !== undefined || schema.enum || schema.const !== undefined)
    yield wrong('is none of what is allowed', '!');
  if (schema.minLength) yield wrong('is too short', 'a'.repeat(schema.minLength - 1));
  if (schema.maxLength !== undefined) yield wrong('is too long', 'a'.repeat(schema.maxLength + 1));
  if (schema.enum || schema.const !== undefined) return;
  for (const [name, character] of Object.entries(unstorable))
    yield wrong(`has ${name} (unstorable)`, `${valid.slice(0, -1)}${character}`);
}
