import { problemContentType } from '@causeway/errors';
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { httpHeaders, scopes } from '../http/headers.js';
import { pathSchemaOf, routes, statusesOf, type RouteDefinition } from '../http/routes.js';

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable; branch on this' }),
    remedy: z.string().optional(),
    errors: z
      .array(z.object({ path: z.string().meta({ description: 'JSON pointer' }), message: z.string() }))
      .optional(),
    traceId: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

const requestHeaders = (route: RouteDefinition) =>
  z.object({
    ...(route.idempotent && {
      [httpHeaders.idempotencyKey]: z.string().min(1).max(128).meta({
        description: 'Chosen by the client; the same key with the same body gives the first answer again for 24 h',
      }),
    }),
    ...(route.versioned && { 'if-match': z.string().meta({ description: 'The ETag that was read', example: '"1"' }) }),
  });

function operation(route: RouteDefinition): ZodOpenApiOperationObject {
  const { success } = route;
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.owner],
    ...(route.scope ? { security: [{ oidc: [route.scope] }] } : { security: [] }),
    requestParams: {
      path: pathSchemaOf(route.path),
      header: requestHeaders(route),
      ...(route.query && { query: route.query }),
    },
    ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: {
      [success.status]: {
        description: success.description,
        ...(success.body && { content: { [success.mediaType ?? 'application/json']: { schema: success.body } } }),
      },
      ...Object.fromEntries(
        [...statusesOf(route)].map(([status, codes]) => [
          status,
          {
            description: codes.map((code) => `\`${code}\``).join(', '),
            content: { [problemContentType]: { schema: problem } },
          },
        ]),
      ),
    },
  } as ZodOpenApiOperationObject;
}

/**
 * The OpenAPI 3.1 document of the whole system, as clients see it through the gateway.
 * @param publicUrl Where the gateway is reached, without a trailing slash.
 */
export function openApiDocument(publicUrl: string): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Causeway',
      version: '1.0.0',
      description: 'Register, sign in, order, pay. Errors are RFC 9457 problem documents with a stable `code`.',
    },
    servers: [{ url: publicUrl }],
    paths,
    components: {
      securitySchemes: {
        oidc: {
          type: 'oauth2',
          flows: {
            authorizationCode: {
              authorizationUrl: `${publicUrl}/oidc/auth`,
              tokenUrl: `${publicUrl}/oidc/token`,
              scopes: Object.fromEntries(Object.values(scopes).map((scope) => [scope, scope])),
            },
          },
        },
      },
    },
  });
}
