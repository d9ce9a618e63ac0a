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
 * The page loads from its own origin only, runs no inline script, and cannot be framed. The plugin's own policy allows
 * styles from any https address and upgrades requests to https, which breaks a page on http:// in a local network.
 * @param others Origins besides its own that the page may call.
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

/** What "Authorize" fills in: our client, and every scope. The issuer grants each client those that it may have. */
const signIn = {
  clientId: 'causeway-docs',
  scopes: Object.values(scopes).join(' '),
  usePkceWithAuthorizationCodeGrant: true,
};

/** Serves `/docs` for people, `/openapi.json` and `/asyncapi.json` for tools, all generated from the contracts. */
export async function docsPlugin(fastify: FastifyInstance, { publicUrl, issuer }: DocsOptions): Promise<void> {
  const { origin, pathname } = new URL(issuer);
  const ownIssuer = origin === new URL(publicUrl).origin;
  const authorizationUrl = `${issuer}/auth`;
  const openApi = openApiDocument({ server: publicUrl, authorizationUrl, tokenUrl: `${issuer}/token` });
  // The page calls the origin it was loaded from, 127.0.0.1 or localhost: any other would need CORS. Only the sign-in
  // page is at the issuer's address, because it needs its cookies.
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
    logo: null as never, // the bar that would show it is left out: it has the plugin's logo, and a box to open any other document
    initOAuth: signIn,
    uiConfig: { layout: 'BaseLayout', deepLinking: true, persistAuthorization: false },
  });
  fastify.get('/openapi.json', () => openApi);
  fastify.get('/asyncapi.json', () => asyncApi);
}
