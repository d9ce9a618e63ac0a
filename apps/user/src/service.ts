import { auth } from '@causeway/auth/capability';
import { discovery } from '@causeway/discovery/capability';
import { messaging } from '@causeway/messaging/capability';
import { database } from '@causeway/persistence/capability';
import { defineService } from '@causeway/service-host/define';
import { settings } from './config.js';

/** Everything that takes time to import is behind `import()`, so that the health port answers first. */
export const service = defineService({
  name: 'user',
  settings,
  uses: [
    database({
      migrations: () => import('./migrations.js'),
      client: () => import('./generated/prisma/client.js'),
      sealed: () => import('./sealed-tables.js'),
    }),
    messaging(),
    discovery(),
    auth(),
  ],
  module: async () => (await import('./app.module.js')).AppModule,
  configureHttp: async (app) => (await import('./http.js')).configureHttp(app),
  governance: async (app) => (await import('./governance.js')).governanceRoutes(app),
});
