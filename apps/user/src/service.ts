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
      const { applyMigrations } = await import('./migrations.js');
      await applyMigrations(values.DATABASE_URL);
    },
  },
};
