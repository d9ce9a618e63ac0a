import { TokenVerifier } from '@causeway/auth';
import { SETTINGS } from '@causeway/service-host';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { GatewaySettings } from './config.js';
import { docsPlugin } from './docs/docs.plugin.js';
import { registerCors } from './edge/cors.js';
import { registerEdge } from './edge/edge.plugin.js';
import { Forwarder } from './proxy/forwarder.js';
import { proxyPlugin } from './proxy/proxy.plugin.js';
import { returnPage, returnPageHeaders } from './sign-in/return-page.js';

/** What the gateway serves besides its Nest controllers. */
export async function configureHttp(app: NestFastifyApplication): Promise<void> {
  const settings = app.get<GatewaySettings>(SETTINGS);
  const fastify = app.getHttpAdapter().getInstance();
  registerCors(fastify, settings.CORS_ORIGINS ?? []);
  await registerEdge(fastify, app.get(TokenVerifier), settings);
  await fastify.register(proxyPlugin, {
    forwarder: app.get<Forwarder>(Forwarder),
    recorded: settings.CONTRACT_FILES,
  });
  await fastify.register(docsPlugin, { publicUrl: settings.PUBLIC_URL, issuer: settings.AUTH_ISSUER });
  fastify.get('/callback', (request, reply) =>
    reply.headers(returnPageHeaders).send(returnPage(request.query as object)),
  );
}
