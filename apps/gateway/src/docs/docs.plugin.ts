import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { asyncApiDocument, openApiDocument } from '@causeway/contracts/documents';
import type { FastifyInstance } from 'fastify';

/** `/docs` to read and try, `/openapi.json` and `/asyncapi.json` for tools. All of it comes from the contracts. */
export async function docsPlugin(fastify: FastifyInstance, { publicUrl }: { publicUrl: string }): Promise<void> {
  const openApi = openApiDocument(publicUrl);
  const asyncApi = asyncApiDocument();
  await fastify.register(swagger, { mode: 'static', specification: { document: openApi as never } });
  // The page loads nothing from elsewhere; its styles are inline, so it has a policy of its own.
  await fastify.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { deepLinking: true, persistAuthorization: false },
  });
  fastify.get('/openapi.json', () => openApi);
  fastify.get('/asyncapi.json', () => asyncApi);
}
