import type { ServiceDefinition } from '@causeway/service-host';
import { settings } from './config.js';
import { version } from './version.js';

/** What `main.ts` runs, and tests build. Imports that take time wait until the health port answers. */
export const service: ServiceDefinition<typeof settings> = {
  name: 'psp-sandbox',
  version,
  settings,
  module: async (values) => (await import('./app.module.js')).AppModule.create(values),
  async configureHttp(app) {
    const [{ DatabaseHealth }, { registerReadiness }, { SandboxErrorFilter }] = await Promise.all([
      import('@causeway/persistence'),
      import('@causeway/service-host'),
      import('./error.filter.js'),
    ]);
    const database = app.get(DatabaseHealth);
    registerReadiness('database', () => database.check());
    app.useGlobalFilters(new SandboxErrorFilter());
  },
  commands: {
    async migrate(values) {
      const [{ migrate }, { getLogger }, { migrations }] = await Promise.all([
        import('@causeway/persistence'),
        import('@causeway/telemetry'),
        import('./migrations.js'),
      ]);
      const log = getLogger('migrate');
      await migrate(values.DATABASE_URL, [...migrations], { log: (line: string) => log.info(line) });
    },
  },
};
