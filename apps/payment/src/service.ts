import { databaseCommands } from '@causeway/persistence/commands';
import type { ServiceDefinition } from '@causeway/service-host';
import { settings } from './config.js';
import { version } from './version.js';

/** The payment service. Whatever takes time to import is behind `import()`: the health port answers before it is loaded. */
export const service: ServiceDefinition<typeof settings> = {
  name: 'payment',
  version,
  settings,
  module: async (values) => (await import('./app.module.js')).AppModule.with(values),
  configureHttp: async (app) => (await import('./lifecycle.js')).configureHttp(app),
  microservice: async (app) => (await import('./lifecycle.js')).microservice(app),
  commands: {
    ...databaseCommands(() => import('./migrations.js')),
    provision: async (values) => void (await (await import('@causeway/messaging')).provisionTopology(values)),
  },
};
