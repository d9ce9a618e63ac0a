import type { FastifyServerOptions } from 'fastify';

/**
 * Replaces Fastify's own validator (ajv) and serializer (fast-json-stringify). zod validates requests and JSON.stringify
 * writes responses; loading the two for nothing would take 245 files at each start.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#http-fastify-without-its-schemas
 *
 * @throws Error if a route has a JSON schema after all, because nothing would check it. Fastify adds the route's name.
 */
export const noSchemas: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: () => refuse, buildSerializer: () => refuse },
};

function refuse(): never {
  throw new Error('a JSON schema would go unchecked; describe it with zod (ZodBody, ZodQuery)');
}
