import { getLogger } from '@causeway/telemetry';
import { Inject, Injectable, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import type { MigrationSet } from '../migrations/files.js';
import { createPool } from '../pool.js';
import type { DatabaseSettings } from '../settings.js';
import { DatabaseHealth } from './database-health.js';
import { waitForDatabase } from './wait.js';

/** Token of the `pg.Pool`. */
export const PG_POOL = Symbol('PG_POOL');
/** Token of the service's own Prisma client. */
export const PRISMA = Symbol('PRISMA');

/** What the module needs of a generated client. */
export interface PrismaClientLike {
  $disconnect(): Promise<void>;
}

export interface PersistenceOptions {
  readonly settings: DatabaseSettings;
  /** Everything the service needs, in the order in which it is applied: libraries first. */
  readonly migrations: readonly MigrationSet[];
  /** Makes the generated client: `(adapter) => new PrismaClient({ adapter })`. It shares the pool. Default none, and PRISMA is undefined. */
  readonly prisma?: (adapter: PrismaPg) => PrismaClientLike;
  /** Shown in `pg_stat_activity`. Default `causeway`. */
  readonly applicationName?: string;
  /** Ends the waiting for the database at start. */
  readonly signal?: AbortSignal;
}

/** Statements in flight get this long at shutdown before the process goes on without them. */
const closeMs = 5_000;

/** Requests in flight outlive onModuleDestroy; when this hook runs, HTTP and the consumers are closed. */
@Injectable()
class DatabaseShutdown implements OnApplicationShutdown {
  constructor(
    @Inject(PG_POOL) private readonly pool: pg.Pool,
    @Inject(PRISMA) private readonly prisma: PrismaClientLike | undefined,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.prisma?.$disconnect();
    if (this.pool.ended || this.pool.ending) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, closeMs, 'late')));
    const result = await Promise.race([this.pool.end(), late]);
    clearTimeout(timer);
    if (result === 'late')
      getLogger('persistence').warn('connections were still in use at shutdown; they were left to the server');
  }
}

/**
 * The database of a service: pool, Prisma client, health. Start-up waits until the database is reachable and migrated (it says what it
 * waits for every few seconds); shutdown closes Prisma and the pool last.
 */
@Module({})
export class PersistenceModule {
  static forRoot(options: PersistenceOptions): DynamicModule {
    const pool = {
      provide: PG_POOL,
      useFactory: async (): Promise<pg.Pool> => {
        const made = createPool(options.settings, { applicationName: options.applicationName });
        try {
          await waitForDatabase(made, options.migrations, { signal: options.signal });
        } catch (error) {
          await made.end();
          throw error;
        }
        return made;
      },
    };
    const prisma = {
      provide: PRISMA,
      useFactory: (made: pg.Pool) => options.prisma?.(new PrismaPg(made)),
      inject: [PG_POOL],
    };
    const health = {
      provide: DatabaseHealth,
      useFactory: (made: pg.Pool) => new DatabaseHealth(made),
      inject: [PG_POOL],
    };
    return {
      module: PersistenceModule,
      global: true,
      providers: [pool, prisma, health, DatabaseShutdown],
      exports: [PG_POOL, PRISMA, DatabaseHealth],
    };
  }
}
