import { auth } from '@causeway/auth/capability';
import { forwardedServices } from '@causeway/contracts';
import { discovery } from '@causeway/discovery/capability';
import { messaging } from '@causeway/messaging/capability';
import { defineService } from '@causeway/service-host/define';
import { settings } from './config.js';
import type { ForwardedRoute } from './recorded-routes.js';

/** Everything that takes time to import is behind `import()`, so that the health port answers first. */
export const service = defineService({
  name: 'gateway',
  settings,
  uses: [messaging(), discovery({ find: (settings) => ownersIn(settings) }), auth()],
  module: async () => (await import('./app.module.js')).AppModule,
  edge: true,
  fastify: ({ TRUST_PROXY }) => (TRUST_PROXY ? { trustProxy: TRUST_PROXY } : {}),
  configureHttp: async (app) => (await import('./http.js')).configureHttp(app),
});

/** Whom requests are forwarded to. A capability sees the settings of the whole service, and knows the types of its own. */
const ownersIn = ({ CONTRACT_FILES }: Readonly<Record<string, unknown>>): readonly string[] => [
  ...new Set([...forwardedServices, ...(CONTRACT_FILES as readonly ForwardedRoute[]).map(({ owner }) => owner)]),
];
