import type { Capability } from '@causeway/service-host';
import type { PrismaPg } from '@prisma/adapter-pg';
import type { ExtendableClient } from './guard-prisma.js';
import type { MigrationSet } from './migrations/files.js';
import type { PrismaClientLike } from './nest/persistence.module.js';
import type { SealedTable } from './rotation/sealed-table.js';
import { databaseSettings } from './settings.js';

export interface DatabaseOptions {
  /** Brings the service's migrations: `() => import('./migrations.js')`. */
  readonly migrations: () => Promise<{ readonly migrations: readonly MigrationSet[] }>;
  /**
   * Brings the list of what a `FieldCipher` encrypts, `() => import('./sealed-tables.js')`: operators can then exchange the
   * field key. The service has `fieldKeySettings`. Default none.
   */
  readonly sealed?: () => Promise<{ readonly sealedTables: readonly SealedTable[] }>;
  /** Brings the generated Prisma client: `() => import('./generated/prisma/client.js')`. Default none. */
  readonly client?: () => Promise<{
    readonly PrismaClient: new (options: {
      readonly adapter: PrismaPg;
      readonly errorFormat: 'minimal';
    }) => PrismaClientLike & ExtendableClient;
  }>;
}

/**
 * A PostgreSQL database of the service's own: `PersistenceModule`, readiness, and the commands `migrate` (applies what
 * is missing) and `wait-for-schema` (ends once all of it is there).
 */
export const database = ({ migrations, client, sealed }: DatabaseOptions): Capability<typeof databaseSettings> => ({
  name: 'database',
  settings: databaseSettings,
  async module({ name, settings }) {
    const [{ PersistenceModule }, { guardPrisma }, sets, generated] = await Promise.all([
      import('./nest/persistence.module.js'),
      import('./guard-prisma.js'),
      migrations(),
      client?.(),
    ]);
    return PersistenceModule.forRoot({
      settings,
      migrations: sets.migrations,
      applicationName: name,
      // `minimal`: the longer messages quote the values of a query.
      ...(generated && {
        prisma: (adapter) => guardPrisma(new generated.PrismaClient({ adapter, errorFormat: 'minimal' })),
      }),
    });
  },
  async readiness(app) {
    const { DatabaseHealth } = await import('./nest/database-health.js');
    const health = app.get(DatabaseHealth);
    return { name: 'database', check: () => health.check() };
  },
  ...(sealed && {
    async governance(app) {
      const [{ fieldKeyRoutes }, { sealedTables }] = await Promise.all([
        import('./rotation/field-key-routes.js'),
        sealed(),
      ]);
      return fieldKeyRoutes(app, sealedTables);
    },
  }),
  commands: {
    async migrate({ settings }) {
      const [{ runMigrations }, sets] = await Promise.all([import('./migrations/run-migrations.js'), migrations()]);
      const { MIGRATION_DATABASE_URL: url = settings.DATABASE_URL, DATABASE_CA: ca } = settings;
      await runMigrations(url, sets.migrations, { trust: ca ? { ca } : undefined });
    },
    async 'wait-for-schema'({ settings }) {
      const [{ waitForSchema }, sets] = await Promise.all([import('./migrations/wait-for-schema.js'), migrations()]);
      await waitForSchema(settings, sets.migrations);
    },
  },
});
