import { finishesWithin } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import { Inject, Injectable, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import type { MigrationSet } from '../migrations/files.js';
import { persistenceMigrations } from '../migrations/persistence-migrations.js';
import { createPool } from '../pool.js';
import { poolSql } from '../pool-sql.js';
import { preparedName } from '../prepared.js';
import { purgeSecurityEvents } from '../security-log.js';
import type { DatabaseSettings } from '../settings.js';
import { DatabaseHealth } from './database-health.js';
import { Housekeeping } from './housekeeping.js';
import { waitForDatabase } from './wait.js';

/** Token of the `pg.Pool`. */
export const PG_POOL = Symbol('PG_POOL');
/** Token of the service's own Prisma client. */
export const PRISMA = Symbol('PRISMA');

/** The part of a generated client that the module uses. */
export interface PrismaClientLike {
  $disconnect(): Promise<void>;
}

export interface PersistenceOptions {
  readonly settings: DatabaseSettings;
  /** All migration sets of the service, in the order in which they are applied: libraries first. */
  readonly migrations: readonly MigrationSet[];
  /**
   * Creates the generated client on the pool: `(adapter) => new PrismaClient({ adapter })`. Default none: PRISMA is
   * undefined.
   */
  readonly prisma?: (adapter: PrismaPg) => PrismaClientLike;
  /** Shown in `pg_stat_activity`. Default `causeway`. */
  readonly applicationName?: string;
  /** Aborts the wait for the database at start. */
  readonly signal?: AbortSignal;
}

/** Deletes what every service keeps and none has to think of. A service's own `Housekeeping` deletes the rest. */
const OWN_HOUSEKEEPING = Symbol('OWN_HOUSEKEEPING');

/** How long shutdown waits for statements in flight, milliseconds. */
const closeTimeoutMs = 5_000;

/**
 * Closes the database in the last hook: requests in flight outlive onModuleDestroy, but HTTP and consumers are closed
 * by now.
 */
@Injectable()
class DatabaseShutdown implements OnApplicationShutdown {
  constructor(
    @Inject(PG_POOL) private readonly pool: pg.Pool,
    @Inject(PRISMA) private readonly prisma: PrismaClientLike | undefined,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.prisma?.$disconnect();
    if (this.pool.ended || this.pool.ending) return;
    if (!(await finishesWithin(closeTimeoutMs, this.pool.end())))
      getLogger('persistence').warn('connections still in use at shutdown; leaving them to the server');
  }
}

/**
 * The database of a service: pool, Prisma client, health. Start-up waits until the database is reachable and migrated,
 * and logs every few seconds what it waits for. Shutdown closes Prisma and the pool last.
 */
@Module({})
export class PersistenceModule {
  static forRoot(options: PersistenceOptions): DynamicModule {
    const pool = {
      provide: PG_POOL,
      useFactory: async (): Promise<pg.Pool> => {
        const created = createPool(options.settings, { applicationName: options.applicationName });
        try {
          await waitForDatabase(created, options.migrations, { signal: options.signal });
        } catch (error) {
          await created.end();
          throw error;
        }
        return created;
      },
    };
    const prisma = {
      provide: PRISMA,
      useFactory: (created: pg.Pool) =>
        options.prisma?.(new PrismaPg(created, { statementNameGenerator: ({ sql }) => preparedName(sql) })),
      inject: [PG_POOL],
    };
    const health = {
      provide: DatabaseHealth,
      useFactory: (created: pg.Pool) => new DatabaseHealth(created),
      inject: [PG_POOL],
    };
    const housekeeping = {
      provide: OWN_HOUSEKEEPING,
      useFactory: (created: pg.Pool) =>
        new Housekeeping(
          poolSql(created),
          options.migrations.includes(persistenceMigrations) ? [purgeSecurityEvents] : [],
        ),
      inject: [PG_POOL],
    };
    return {
      module: PersistenceModule,
      global: true,
      providers: [pool, prisma, health, housekeeping, DatabaseShutdown],
      exports: [PG_POOL, PRISMA, DatabaseHealth],
    };
  }
}
