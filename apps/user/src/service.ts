import type { ServiceDefinition } from '@causeway/service-host';
import { settings } from './config.js';
import { version } from './version.js';

/** The user service. Whatever takes time to import is behind `import()`: the health port answers before it is loaded. */
export const service: ServiceDefinition<typeof settings> = {
  name: 'user',
  version,
  settings,
  async module(values) {
    const { AppModule } = await import('./app.module.js');
    return AppModule.with(values);
  },
  async configureHttp(app) {
    const { configureHttp } = await import('./configure-http.js');
    configureHttp(app);
  },
  async microservice(app) {
    const { AppModule } = await import('./app.module.js');
    return AppModule.transport(app);
  },
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
    async provision(values) {
      const { provisionTopology } = await import('@causeway/messaging');
      await provisionTopology(values);
    },
  },
};
