import { databaseCommands } from '@causeway/persistence/commands';
import type { ServiceDefinition } from '@causeway/service-host';
import { settings } from './config.js';
import { version } from './version.js';

/** The order service. Whatever takes time to import is behind `import()`: the health port answers before it is loaded. */
export const service: ServiceDefinition<typeof settings> = {
  name: 'order',
  version,
  settings,
  async module(values) {
    const { AppModule } = await import('./app.module.js');
    return AppModule.with(values);
  },
  async configureHttp(app) {
    const [{ DatabaseHealth }, { BrokerHealth }, { registerReadiness }] = await Promise.all([
      import('@causeway/persistence'),
      import('@causeway/messaging'),
      import('@causeway/service-host'),
    ]);
    const [database, broker] = [app.get(DatabaseHealth), app.get(BrokerHealth)];
    registerReadiness('database', () => database.check());
    // Shown, not required: without the broker products and orders can still be read.
    registerReadiness('broker', () => broker.connected, { required: false });
  },
  async microservice(app) {
    const { jetStreamServer } = await import('@causeway/messaging');
    return jetStreamServer(app);
  },
  commands: {
    ...databaseCommands(() => import('./migrations.js')),
    async provision(values) {
      const { provisionTopology } = await import('@causeway/messaging');
      await provisionTopology(values);
    },
  },
};
