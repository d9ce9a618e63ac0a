import { getLogger, instruments, meter } from '@causeway/telemetry';
import type pg from 'pg';
import { FairPool } from './fair-pool.js';
import { sessionConfig, type ServerTrust } from './session.js';
import type { DatabaseSettings } from './settings.js';

/**
 * The client gives up this much later than the server should have cancelled, milliseconds. Only a server or network
 * that has vanished silently lets it come to that; TCP alone would take up to 15 minutes to notice.
 */
const silenceMs = 2_000;

/**
 * Creates the connection pool that everything in a process shares: units of work, Prisma's adapter, the outbox relay.
 * Connections open on first use, and requests, messages and background work share them fairly (`FairPool`). A lost
 * connection is logged and never becomes an unhandled 'error' event.
 *
 * @param options.applicationName Shown in `pg_stat_activity`. Default `causeway`.
 */
export function createPool(settings: DatabaseSettings, options: { readonly applicationName?: string } = {}): FairPool {
  const pool = new FairPool({
    ...sessionConfig(settings.DATABASE_URL, trustOf(settings)),
    application_name: options.applicationName ?? 'causeway',
    max: settings.DATABASE_POOL_MAX,
    connectionTimeoutMillis: settings.DATABASE_CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: settings.DATABASE_IDLE_TIMEOUT_MS,
    statement_timeout: settings.DATABASE_STATEMENT_TIMEOUT_MS,
    query_timeout: settings.DATABASE_STATEMENT_TIMEOUT_MS + silenceMs,
    idle_in_transaction_session_timeout: settings.DATABASE_IDLE_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    // Connections then spread again over the servers behind one name after a failover, and follow new credentials.
    maxLifetimeSeconds: 1_800,
  });
  const log = getLogger('persistence');
  pool.on('error', (error) => log.warn({ err: error }, 'lost an idle database connection'));
  // `pg` emits 'error' on a connection in use as well. Its user sees the failed statement, so the event adds nothing.
  pool.on('connect', (client) => client.on('error', () => undefined));
  observe(pool);
  return pool;
}

const trustOf = ({ DATABASE_CA }: DatabaseSettings): ServerTrust | undefined =>
  DATABASE_CA ? { ca: DATABASE_CA } : undefined;

/** Returns how the pool connects, for code that opens connections of its own. */
export function connectionConfig(pool: pg.Pool): pg.ClientConfig {
  const { connectionString, options, host, port, user, database, ssl, password } = pool.options;
  return { connectionString, options, host, port, user, database, ssl, password };
}

function observe(pool: FairPool): void {
  const stop = meter('causeway.persistence').gauge(
    instruments.dbPoolConnections,
    {
      description: 'Connections of the pool by state; `pending` counts those who wait for one',
      unit: '{connection}',
    },
    (record) => {
      record(pool.idleCount, { 'db.client.connection.state': 'idle' });
      record(pool.totalCount - pool.idleCount, { 'db.client.connection.state': 'used' });
      record(pool.admission.queued, { 'db.client.connection.state': 'pending' });
    },
  );
  const end = pool.end.bind(pool);
  pool.end = ((callback?: () => void) => {
    stop();
    pool.admission.close();
    return callback ? end(callback) : end();
  }) as typeof pool.end;
}
