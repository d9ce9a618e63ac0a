import { asyncApiDocument, openApiDocument } from '@causeway/contracts/documents';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/**
 * The page loads from here only, runs no inline script, and is in nobody's frame. Not the plugin's own policy: that one lets styles come from any
 * https address, and asks for https, which a page on http:// of a local network does not survive.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** `/docs` to read and try, `/openapi.json` and `/asyncapi.json` for tools. All of it comes from the contracts. */
export async function docsPlugin(fastify: FastifyInstance, { publicUrl }: { publicUrl: string }): Promise<void> {
  const openApi = openApiDocument(publicUrl);
  const asyncApi = asyncApiDocument();
  await fastify.register(swagger, { mode: 'static', specification: { document: openApi as never } });
  await fastify.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy,
    theme: { title: 'Causeway API' },
    logo: null as never, // the bar that would show it is left out: the plugin's has its own logo, and a box for any other document
    uiConfig: { layout: 'BaseLayout', deepLinking: true, persistAuthorization: false },
  });
  fastify.get('/openapi.json', () => openApi);
  fastify.get('/asyncapi.json', () => asyncApi);
}
