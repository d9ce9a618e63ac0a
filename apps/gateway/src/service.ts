import { auth } from '@causeway/auth/capability';
import { forwardedServices } from '@causeway/contracts';
import { discovery } from '@causeway/discovery/capability';
import { messaging } from '@causeway/messaging/capability';
import { defineService } from '@causeway/service-host/define';
import { settings } from './config.js';

/** Everything that takes time to import is behind `import()`, so that the health port answers first. */
export const service = defineService({
  name: 'gateway',
  settings,
  uses: [messaging(), discovery({ find: forwardedServices }), auth()],
  module: async () => (await import('./app.module.js')).AppModule,
  edge: true,
  fastify: ({ TRUST_PROXY }) => (TRUST_PROXY ? { trustProxy: TRUST_PROXY } : {}),
  configureHttp: async (app) => (await import('./http.js')).configureHttp(app),
});
