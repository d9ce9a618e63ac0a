import { problemContentType } from '@causeway/errors';
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { httpHeaders, scopes, type Scope } from '../http/headers.js';
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

const scopeDescriptions: Readonly<Record<Scope, string>> = {
  [scopes.profile]: 'Read and change your own profile and addresses',
  [scopes.orders]: 'Place, read, follow and cancel your own orders',
  [scopes.payments]: 'Read the payments of your own orders',
  [scopes.catalogWrite]: 'Set the stock of any product',
};
const describedScopes = (...names: readonly Scope[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, scopeDescriptions[name]]));

/** A token from the flow that can give the scope, or one that the caller has already. */
function securityOf({ scope }: RouteDefinition): Record<string, string[]>[] {
  if (scope === undefined) return [];
  return [{ [scope === scopes.catalogWrite ? 'machine' : 'oidc']: [scope] }, { bearer: [] }];
}

function operation(route: RouteDefinition): ZodOpenApiOperationObject {
  const { success } = route;
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.owner],
    security: securityOf(route),
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

/** Addresses in the document: absolute, or relative to where it was loaded from. */
export interface ApiAddresses {
  /** Where the gateway is reached, without a trailing slash unless it is only that. */
  readonly server: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
}

/** The OpenAPI 3.1 document of the whole system, as clients see it through the gateway. */
export function openApiDocument({
  server,
  authorizationUrl,
  tokenUrl,
}: ApiAddresses): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Causeway',
      version: '1.0.0',
      description: 'Register, sign in, order, pay. Errors are RFC 9457 problem documents with a stable `code`.',
    },
    servers: [{ url: server }],
    paths,
    components: {
      securitySchemes: {
        oidc: {
          type: 'oauth2',
          description:
            'For people: sign in as the client `causeway-docs`, with the e-mail address and the password that you registered with (`POST /v1/users`). Leave `client_secret` empty.',
          flows: {
            authorizationCode: {
              authorizationUrl,
              tokenUrl,
              scopes: describedScopes(scopes.profile, scopes.orders, scopes.payments),
            },
          },
        },
        machine: {
          type: 'oauth2',
          description:
            'For machines: the client `causeway-ops` with its secret (`OIDC_MACHINE_SECRET` of the user service). Put its name into `client_id`.',
          flows: { clientCredentials: { tokenUrl, scopes: describedScopes(scopes.catalogWrite) } },
        },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token that you have already. It lasts for five minutes.',
        },
      },
    },
  });
}
