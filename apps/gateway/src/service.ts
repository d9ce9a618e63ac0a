import type { ServiceDefinition } from '@causeway/service-host';
import { settings } from './config.js';
import { version } from './version.js';

/** The gateway. Whatever takes time to import is behind `import()`: the health port answers before it is loaded. */
export const service: ServiceDefinition<typeof settings> = {
  name: 'gateway',
  version,
  settings,
  edge: true,
  fastify: ({ TRUST_PROXY }) => (TRUST_PROXY ? { trustProxy: TRUST_PROXY } : {}),
  async module(values) {
    const { AppModule } = await import('./app.module.js');
    return AppModule.with(values);
  },
  async configureHttp(app, values) {
    const { configureHttp } = await import('./http.js');
    await configureHttp(app, values);
  },
  commands: {
    async provision(values) {
      const { provisionTopology } = await import('@causeway/messaging');
      await provisionTopology(values);
    },
  },
};
