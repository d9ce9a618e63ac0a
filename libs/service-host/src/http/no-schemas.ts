import type { FastifyServerOptions } from 'fastify';

/**
 * Takes the place of Fastify's own validator (ajv) and serializer (fast-json-stringify). Requests are validated by zod and answers
 * are written by JSON.stringify; to load the two for nothing would be 245 files at each start.
 * @throws Error when a route comes with a JSON schema after all (Fastify adds its name): it must not pass unchecked.
 */
export const noSchemas: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: () => refuse, buildSerializer: () => refuse },
};

function refuse(): never {
  throw new Error('a JSON schema that nothing would check; describe it with zod (ZodBody, ZodQuery)');
}
