import {
  amountMinor,
  countryCode,
  currency,
  id,
  identifier,
  line,
  opaque,
  paragraph,
  text,
  timestamp,
  version,
} from '@causeway/contracts';
import { z } from 'zod';
import { spell } from './names.js';

/** A field of a message or a body. */
export interface Field {
  /** As in JSON: `authorId`. */
  readonly name: string;
  /** As given: `line(200)`. */
  readonly type: string;
  readonly optional: boolean;
  /** Its code: `line(200)`, `z.int().min(1).max(9)`. */
  readonly code: string;
  readonly schema: z.ZodType;
  /** Where its code comes from; nothing for `z`. */
  readonly from?: '../text.js' | '../values.js';
  /** The name to import from there. */
  readonly imported?: string;
}

const values = { id, timestamp, version, amountMinor, currency, countryCode };
const lengths = { line, paragraph, identifier };

export const fieldTypes =
  'id, timestamp, version, amountMinor, currency, countryCode, text, boolean, line(max), paragraph(max), ' +
  'identifier(max), opaque(min,max), int(min,max); with a ? behind it: may be left out';

/**
 * Reads `name:type` pairs; the types are those that libs/contracts/README.md lists.
 * @throws for a name or a type that there is not, or a name given twice
 */
export function fieldsOf(pairs: readonly string[]): Field[] {
  const fields = pairs.map(fieldOf);
  const twice = fields.find(({ name }, index) => fields.findIndex((each) => each.name === name) !== index);
  if (twice) throw new Error(`The field ${twice.name} is given twice.`);
  return fields;
}

function fieldOf(pair: string): Field {
  const [, name, type, mark] = /^([a-z][a-zA-Z0-9]*):([a-zA-Z]+(?:\([\d., ]+\))?)(\?)?$/.exec(pair.trim()) ?? [];
  if (name === undefined || type === undefined)
    throw new Error(`The field ${pair} is not name:type, as in --field title:line(200).`);
  const found = typeOf(type.replaceAll(' ', '').replace('..', ','));
  if (!found) throw new Error(`The field ${pair} has no type that there is. There are: ${fieldTypes}.`);
  const optional = mark === '?';
  return {
    ...found,
    name,
    type,
    optional,
    code: optional ? `${found.code}.optional()` : found.code,
    schema: optional ? found.schema.optional() : found.schema,
  };
}

function typeOf(type: string): Pick<Field, 'code' | 'schema' | 'from' | 'imported'> | undefined {
  const [, word = '', numbers] = /^([a-zA-Z]+)(?:\(([\d,]+)\))?$/.exec(type) ?? [];
  const [first, second, ...more] = (numbers ?? '').split(',').filter(Boolean).map(Number);
  if (more.length > 0) return undefined;
  if (numbers === undefined) {
    if (word === 'boolean') return { code: 'z.boolean()', schema: z.boolean() };
    if (word === 'text') return { code: 'text', schema: text, from: '../text.js', imported: 'text' };
    const schema = values[word as keyof typeof values];
    return schema && { code: word, schema, from: '../values.js', imported: word };
  }
  if (first === undefined) return undefined;
  const bounded = lengths[word as keyof typeof lengths];
  if (bounded && second === undefined && first > 0)
    return { code: `${word}(${first})`, schema: bounded(first), from: '../text.js', imported: word };
  if (second === undefined || second < first) return undefined;
  if (word === 'opaque')
    return { code: `opaque(${first}, ${second})`, schema: opaque(first, second), from: '../text.js', imported: word };
  if (word !== 'int' || second > 2_147_483_647) return undefined;
  return { code: `z.int().min(${first}).max(${second})`, schema: z.int().min(first).max(second) };
}

/** `{ postId: id, title: line(200) }` */
export const objectCode = (fields: readonly Field[]): string =>
  `{ ${fields.map(({ name, code }) => (name === code ? name : `${name}: ${code}`)).join(', ')} }`;

export const objectSchema = (fields: readonly Field[]): z.ZodObject =>
  z.object(Object.fromEntries(fields.map(({ name, schema }) => [name, schema])));

/** What an event or a command says when nothing else was asked for: which, and when. */
export function usualFields(owner: string, what: string, when: string): string[] {
  const [noun = owner] = what.includes('-') ? what.split('-') : [owner];
  return [`${spell(noun).camel}Id:id`, `${when}:timestamp`];
}
