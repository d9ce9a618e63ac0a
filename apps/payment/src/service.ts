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
    async migrate(values) {
      const [{ runMigrations }, { migrations }] = await Promise.all([
        import('@causeway/persistence'),
        import('./migrations.js'),
      ]);
      await runMigrations(values.DATABASE_URL, migrations);
    },
    async 'wait-for-schema'(values) {
      const [{ waitForSchema }, { migrations }] = await Promise.all([
        import('@causeway/persistence'),
        import('./migrations.js'),
      ]);
      await waitForSchema(values, migrations);
    },
    provision: async (values) => void (await (await import('@causeway/messaging')).provisionTopology(values)),
  },
};
