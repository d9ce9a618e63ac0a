import type { ServiceDefinition } from '@causeway/service-host';
import { settings } from './config.js';

/** What `main.ts` runs, and tests build. Imports that take time wait until the health port answers. */
export const service: ServiceDefinition<typeof settings> = {
  name: 'psp-sandbox',
  version: '0.0.0',
  settings,
  module: async (values) => (await import('./app.module.js')).AppModule.create(values),
  configureHttp: async (app) => {
    const { SandboxErrorFilter } = await import('./error.filter.js');
    app.useGlobalFilters(new SandboxErrorFilter());
  },
  commands: {
    migrate: async ({ DATABASE_URL }) => {
      const [{ migrate }, { migrations }] = await Promise.all([
        import('@causeway/persistence'),
        import('./migrations.js'),
      ]);
      await migrate(DATABASE_URL, [...migrations], { log: (line) => process.stdout.write(`${String(line)}\n`) });
    },
  },
};
