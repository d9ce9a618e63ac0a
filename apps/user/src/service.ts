import { databaseCommands } from '@causeway/persistence/commands';
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
    ...databaseCommands(() => import('./migrations.js')),
    async provision(values) {
      const { provisionTopology } = await import('@causeway/messaging');
      await provisionTopology(values);
    },
  },
};
