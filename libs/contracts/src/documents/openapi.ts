import { createDocument, type ZodOpenApiOverride, type ZodOpenApiPathsObject } from 'zod-openapi';
import { peopleScopes, scopes, scopesOf, type Scope } from '../http/headers.js';
import { orderChange, orderStreamEvents } from '../http/order-events.js';
import { errorCodesOf } from '../http/route-errors.js';
import { routes } from '../http/routes.js';
import { parametersOf, requestHeaders, responseHeaders } from './headers.js';
import { operationOf } from './operation.js';
import { problemExample } from './problem-examples.js';
import { contact, introduction, license, summary, tags } from './texts.js';

/** URLs in the document: absolute, or relative to the document's own URL. */
export interface ApiAddresses {
  /** Base URL of the gateway, without a trailing slash unless it is only `/`. */
  readonly server: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
}

const scopeDescriptions: Readonly<Record<Scope, string>> = {
  [scopes.profile]: 'Read and change your own profile and addresses',
  [scopes.usersReadAny]: 'Support: read the profile of any person',
  // demo
  [scopes.orders]: 'Place, read, follow and cancel your own orders',
  [scopes.ordersReadAny]: 'Support: read and follow the orders of any customer',
  [scopes.payments]: 'Read the payments of your own orders',
  [scopes.paymentsReadAny]: 'Support: read the payments of any customer',
  [scopes.paymentsRefund]: 'Support: cancel any order and refund its payment',
  [scopes.catalogWrite]: 'Operators and machines: set the stock of any product',
  // end demo
};
const described = (names: readonly Scope[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, scopeDescriptions[name]]));

const securitySchemes = ({ authorizationUrl, tokenUrl }: ApiAddresses) => ({
  oidc: {
    type: 'oauth2' as const,
    description:
      'For people. Sign in through the client `causeway-docs` with the e-mail address and password you registered with (`POST /v1/users`). Leave `client_secret` empty. You get the scopes of your role: of a customer, unless you were granted another one.',
    flows: {
      authorizationCode: {
        authorizationUrl,
        tokenUrl,
        scopes: described(peopleScopes),
      },
    },
  },
  machine: {
    type: 'oauth2' as const,
    description:
      'For machines. Enter `causeway-ops` as `client_id` and the value of `OIDC_MACHINE_SECRET` (a setting of the user service) as `client_secret`.',
    flows: { clientCredentials: { tokenUrl, scopes: described(scopesOf.machines) } },
  },
  bearer: {
    type: 'http' as const,
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token you already have. Tokens are valid for five minutes.',
  },
});

const servers = ({ server }: ApiAddresses) => [{ url: server, description: 'The gateway' }];

/** Responses may gain fields, so clients must accept unknown ones. Requests with unknown fields are rejected. */
const openResponses: ZodOpenApiOverride = ({ zodSchema, jsonSchema, io }) => {
  const { def } = zodSchema._zod;
  if (io === 'output' && def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties;
};

const problemExamples = () =>
  Object.fromEntries(
    [...new Set(routes.flatMap(errorCodesOf))].sort().map((code) => {
      const value = problemExample(code);
      return [code, { summary: value.title, value }];
    }),
  );

/** Only those that an operation takes: one that none takes would lead readers astray. */
const usedHeaders = () => {
  const used = new Set(routes.flatMap(parametersOf).map(({ $ref }) => $ref));
  return Object.fromEntries(
    Object.entries(requestHeaders).filter(([name]) => used.has(`#/components/parameters/${name}`)),
  );
};

export type OpenApiDocument = ReturnType<typeof createDocument>;

/**
 * Returns the OpenAPI 3.1 document of the whole system, as clients see it through the gateway.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#api-documents-generated-from-contracts-instead-of-nestjsswagger
 */
export function openApiDocument(addresses: ApiAddresses): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  return createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Causeway',
        version: '1.0.0',
        summary,
        description: introduction,
        contact,
        license,
      },
      servers: servers(addresses),
      tags: tags.map(({ name, description }) => ({ name, description })),
      paths,
      components: {
        // demo
        schemas: { ...orderStreamEvents, OrderChange: orderChange },
        // end demo
        headers: responseHeaders,
        parameters: usedHeaders(),
        examples: problemExamples(),
        securitySchemes: securitySchemes(addresses),
      },
    },
    { override: openResponses },
  );
}

/** Returns the same document with other URLs, for clients that reach the system in another way. */
export const relocated = (document: OpenApiDocument, addresses: ApiAddresses): OpenApiDocument => ({
  ...document,
  servers: servers(addresses),
  components: { ...document.components, securitySchemes: securitySchemes(addresses) },
});
