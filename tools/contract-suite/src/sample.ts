import type { ContractSchema } from '@causeway/contracts/published';
import { randomUUID } from 'node:crypto';
import { isValid } from './schema.js';

/** Texts that satisfy the usual patterns: a currency, a country, a code, a number in a query. */
const texts = ['text', 'EUR', 'DE', '1', '20', 'a', 'A', 'example', 'tok_example', 'v1', 'a@example.com'];

/**
 * Makes a value that a schema accepts, with every optional field. Ids and times are new ones.
 * @throws where it finds none: give an example in the contract or in the fixture
 */
export function sampleOf(schema: ContractSchema, path = ''): unknown {
  const value = candidateOf(schema, path);
  if (!isValid(schema, value))
    throw new Error(
      `no valid value is known for ${path || 'the schema'}; give an example in the contract or the fixture`,
    );
  return value;
}

function candidateOf(schema: ContractSchema, path: string): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return sampleOf(schema.anyOf[0]!, path);
  const type = Array.isArray(schema.type) ? (schema.type as string[])[0] : schema.type;
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, field]) => [name, sampleOf(field, `${path}/${name}`)]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 1 }, () => sampleOf(schema.items ?? {}, `${path}/0`));
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, Math.min(1, schema.maximum ?? 1));
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'string':
      return textOf(schema);
    default:
      return {};
  }
}

function textOf(schema: ContractSchema): string {
  if (schema.format === 'uuid') return randomUUID();
  if (schema.format === 'date-time') return new Date().toISOString();
  if (schema.format === 'email') return `${randomUUID()}@example.com`;
  if (schema.format === 'uri') return 'https://example.com/';
  const long = 'a'.repeat(schema.minLength ?? 1);
  return [...texts, long].find((text) => isValid(schema, text)) ?? long;
}
