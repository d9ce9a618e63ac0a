import { randomUUID } from 'node:crypto';
import { z } from 'zod';

type Json = Readonly<Record<string, unknown>>;

/**
 * Something that a schema accepts, for tests that need a message or a body whatever is in it. Ids are new each time;
 * everything else is the least that is accepted.
 * @param fields instead of those of the sample
 * @throws when the schema refuses what was made, for a pattern that is not known here
 */
export function sampleOf<T>(schema: z.ZodType<T>, fields: Partial<T> = {}): T {
  const made = sample(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json);
  return schema.parse(typeof made === 'object' && made !== null ? { ...made, ...fields } : made);
}

function sample(schema: Json): unknown {
  if ('const' in schema) return schema['const'];
  const [first] = [schema['enum'], schema['anyOf'], schema['oneOf']].find(Array.isArray) ?? [];
  if (first !== undefined) return Array.isArray(schema['enum']) ? first : sample(first as Json);
  switch (schema['type']) {
    case 'object':
      return Object.fromEntries(
        ((schema['required'] ?? []) as string[]).map((name) => [
          name,
          sample((schema['properties'] as Json)[name] as Json),
        ]),
      );
    case 'array':
      return Array.from({ length: Number(schema['minItems'] ?? 0) }, () => sample(schema['items'] as Json));
    case 'integer':
    case 'number':
      // Zod's integers have the limits of JavaScript's where nothing else is said.
      return Math.max(0, Number(schema['minimum'] ?? 0));
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return sampleText(schema);
  }
}

const byPattern: readonly (readonly [pattern: string, text: string])[] = [
  ['^[A-Z]{3}$', 'EUR'],
  ['^[A-Z]{2}$', 'GB'],
  // demo
  [String.raw`^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$`, 'e30..aXY.YQ.dGFn'],
  // end demo
];

function sampleText({ format, pattern, minLength }: Json): string {
  if (format === 'uuid') return randomUUID();
  if (format === 'date-time') return new Date().toISOString();
  if (format === 'email') return 'ada@example.com';
  const known = byPattern.find(([each]) => each === pattern)?.[1];
  return known ?? 'a'.repeat(Math.max(1, Number(minLength ?? 1)));
}
