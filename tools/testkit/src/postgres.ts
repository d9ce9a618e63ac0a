import { dirname, join } from 'node:path';
import { startPostgres as start, type PostgresServer, type ServerCertificate } from '@causeway/launcher/postgres';
import { onceRemoved, throwAwayFolder, watchdog } from './throw-away.js';

export interface TestPostgres {
  readonly port: number;
  readonly pid: number;
  /** URL of the superuser for a database. Default `postgres`. */
  url(database?: string): string;
  /** A database with its two roles, as the launcher makes it for a service. */
  readonly ensureDatabase: PostgresServer['ensureDatabase'];
  /** SIGKILL; the data stays for `restart`. */
  kill(): Promise<void>;
  /** The same data on the same port. After `stop`, the data is gone and this fails. */
  restart(): Promise<void>;
  /** Ends the server; the data stays for `restart`. */
  halt(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/**
 * What an administrator may have set for a server, a database or a role, each of it different from what our sessions
 * depend on. Every test that uses PostgreSQL thereby shows that a session of ours brings its own settings.
 */
const hostileDefaults = {
  timezone: 'Pacific/Chatham',
  datestyle: 'SQL, DMY',
  intervalstyle: 'sql_standard',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  search_path: 'pg_catalog',
  default_transaction_isolation: 'serializable',
  statement_timeout: '1ms',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '1ms',
};

/**
 * Starts a cluster (1–2 s) without fsync, in a temporary folder that goes with it, also when the process is killed. For
 * tests that stop or kill the server; all others share one through `createDatabase`.
 * @param options.tls With it the server takes encrypted sessions only. Default: no TLS.
 */
export async function startPostgres({ tls }: { readonly tls?: ServerCertificate } = {}): Promise<TestPostgres> {
  const folder = throwAwayFolder('postgres');
  const server = await start({
    folder: join(folder.path, 'data'),
    logFile: join(folder.path, 'postgres.log'),
    password: 'throw-away',
    durable: false,
    tls,
    settings: { max_connections: '300', shared_buffers: '64MB', ...hostileDefaults },
    watchdog,
  });
  const folders = server.folder.startsWith(folder.path) ? [folder] : [folder, onceRemoved(dirname(server.folder))];
  return {
    port: server.port,
    get pid() {
      return server.pid;
    },
    url: server.url,
    ensureDatabase: server.ensureDatabase,
    kill: async () => void (await server.kill()),
    restart: () => server.restart(),
    halt: async () => void (await server.stop()),
    stop: async () => {
      await server.stop();
      for (const each of folders) each.remove();
    },
  };
}
