import type { ContractSchema } from '@causeway/contracts/published';

/** What a value of a contract is, as far as tables and examples need it. */
export type ValueKind = 'uuid' | 'timestamp' | 'integer' | 'bigint' | 'boolean' | 'text' | 'json';

export function kindOf(schema: ContractSchema): ValueKind {
  const real = withoutNull(schema);
  if (real.type === 'string' || real.const !== undefined || real.enum) {
    if (real.format === 'uuid') return 'uuid';
    return real.format === 'date-time' ? 'timestamp' : 'text';
  }
  if (real.type === 'integer') return (real.maximum ?? Infinity) <= 2_147_483_647 ? 'integer' : 'bigint';
  return real.type === 'boolean' ? 'boolean' : 'json';
}

export const isNullable = ({ anyOf = [] }: ContractSchema): boolean => anyOf.some(({ type }) => type === 'null');

function withoutNull(schema: ContractSchema): ContractSchema {
  const others = (schema.anyOf ?? []).filter(({ type }) => type !== 'null');
  const [only] = others;
  return isNullable(schema) && only && others.length === 1 ? only : schema;
}

/**
 * A value that a schema takes.
 * @param number another number gives another value, where the schema has more than one
 */
export function sampleOf(schema: ContractSchema, number = 1): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[(number - 1) % schema.enum.length];
  const [first] = (schema.anyOf ?? []).filter(({ type }) => type !== 'null');
  if (first) return sampleOf(first, number);
  if (schema.type === 'object') return objectSample(schema, number);
  if (schema.type === 'array')
    return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}, number));
  if (schema.type === 'integer')
    return Math.min(Math.max(schema.minimum ?? 1, 1) + number - 1, schema.maximum ?? number);
  if (schema.type === 'boolean') return number % 2 === 1;
  return textSample(schema, number);
}

export const objectSample = ({ properties = {}, required = [] }: ContractSchema, number = 1): object =>
  Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => required.includes(name))
      .map(([name, each], index) => [name, sampleOf(each, each.format === 'uuid' ? 100 * index + number : number)]),
  );

function textSample({ format, pattern, minLength = 1, maxLength = 20 }: ContractSchema, number: number): string {
  if (format === 'uuid') return `0193a7c2-8f10-7b61-9c35-${String(number).padStart(12, '0')}`;
  if (format === 'date-time') return `2026-11-21T10:00:${String(number % 60).padStart(2, '0')}.000Z`;
  const letter = String.fromCharCode(64 + number);
  const fixed = /\{(\d+)\}\$$/.exec(pattern ?? '')?.[1];
  if (fixed !== undefined) return letter.repeat(Number(fixed));
  return `Example ${letter}`
    .replace(pattern ? / / : /$^/, '-')
    .slice(0, maxLength)
    .padEnd(minLength, letter);
}

/** A value as code, on as many lines as Prettier likes. */
export const codeOf = (value: unknown): string => JSON.stringify(value);
