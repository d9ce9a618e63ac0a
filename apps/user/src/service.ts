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
    const { mountOidc } = await import('./oidc/mount.js');
    mountOidc(app);
  },
  async microservice(app) {
    const { jetStreamServer } = await import('@causeway/messaging');
    return jetStreamServer(app);
  },
  commands: {
    async migrate(values) {
      const [{ migrate }, { getLogger }, { migrations }] = await Promise.all([
        import('@causeway/persistence'),
        import('@causeway/telemetry'),
        import('./migrations.js'),
      ]);
      const log = getLogger('migrate');
      await migrate(values.DATABASE_URL, migrations, { log: (line: string) => log.info(line) });
    },
  },
};
