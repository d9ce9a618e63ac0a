import { databaseCommands } from '@causeway/persistence/commands';
import type { ServiceDefinition } from '@causeway/service-host';
import { settings } from './config.js';
import { version } from './version.js';

/** The sandbox. Whatever takes time to import is behind `import()`: the health port answers before it is loaded. */
export const service: ServiceDefinition<typeof settings> = {
  name: 'psp-sandbox',
  version,
  settings,
  module: async (values) => (await import('./app.module.js')).AppModule.create(values),
  configureHttp: async (app) => (await import('./lifecycle.js')).configureHttp(app),
  commands: {
    ...databaseCommands(() => import('./migrations.js')),
  },
};
