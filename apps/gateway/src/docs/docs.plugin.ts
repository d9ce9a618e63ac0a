import { scopes } from '@causeway/contracts';
import { asyncApiDocument, openApiDocument, relocated } from '@causeway/contracts/documents';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

export interface DocsOptions {
  /** Where clients reach the gateway. */
  readonly publicUrl: string;
  /** The identity provider; it may be at another host. */
  readonly issuer: string;
}

/**
 * The page loads from here only, runs no inline script, and is in nobody's frame. Not the plugin's own policy: that one lets styles come from any
 * https address, and asks for https, which a page on http:// of a local network does not survive.
 * @param others Origins besides its own that the page may ask.
 */
const contentSecurityPolicy = (others: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src ${["'self'", ...others].join(' ')}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** What "Authorize" fills in: our client, and every scope ticked. The issuer gives each client those that it may have. */
const signIn = {
  clientId: 'causeway-docs',
  scopes: Object.values(scopes).join(' '),
  usePkceWithAuthorizationCodeGrant: true,
};

/** `/docs` to read and try, `/openapi.json` and `/asyncapi.json` for tools. All of it comes from the contracts. */
export async function docsPlugin(fastify: FastifyInstance, { publicUrl, issuer }: DocsOptions): Promise<void> {
  const { origin, pathname } = new URL(issuer);
  const ownIssuer = origin === new URL(publicUrl).origin;
  const authorizationUrl = `${issuer}/auth`;
  const openApi = openApiDocument({ server: publicUrl, authorizationUrl, tokenUrl: `${issuer}/token` });
  // The page asks the address that it was loaded from, be it called 127.0.0.1 or localhost: any other would need CORS. Only the sign-in itself, which
  // is a page of its own, is at the address of the issuer, whose cookies it needs.
  const pageDocument = relocated(openApi, {
    server: '/',
    authorizationUrl,
    tokenUrl: ownIssuer ? `${pathname}/token` : `${issuer}/token`,
  });
  const asyncApi = asyncApiDocument();
  await fastify.register(swagger, { mode: 'static', specification: { document: pageDocument as never } });
  await fastify.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy(ownIssuer ? [] : [origin]),
    theme: { title: 'Causeway API' },
    logo: null as never, // the bar that would show it is left out: the plugin's has its own logo, and a box for any other document
    initOAuth: signIn,
    uiConfig: { layout: 'BaseLayout', deepLinking: true, persistAuthorization: false },
  });
  fastify.get('/openapi.json', () => openApi);
  fastify.get('/asyncapi.json', () => asyncApi);
}
