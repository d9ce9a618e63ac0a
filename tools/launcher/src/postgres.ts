import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sessionConfig } from '@causeway/persistence/session';
import pg from 'pg';
import { makeOwned, reachableFolder, unprivilegedAccount, type Account } from './account.js';
import { describeExit, lastLines, startChild, type Child, type Exit } from './child.js';
import { claimPort } from './ports.js';
import { postgresHome } from './postgres-binaries.js';
import { Restartable } from './restartable.js';
import { output } from './run.js';
import { startedAt, stopAll } from './watchdog-process.js';
import { Watchdog } from './watchdog.js';

export { Watchdog } from './watchdog.js';

export interface PostgresOptions {
  /** Where the cluster lives. As root, when the unprivileged account cannot get there, a folder below /var/tmp takes its place. */
  readonly folder: string;
  readonly logFile: string;
  /** Password of the superuser `postgres`; at the first start it becomes the cluster's. */
  readonly password: string;
  /** A port that the caller has claimed. Default: any, claimed until this process ends. */
  readonly port?: number;
  /** False skips fsync: several times faster, and a power cut corrupts the data. For throw-away clusters. Default true. */
  readonly durable?: boolean;
  /** Further server settings, for example `{ max_connections: '50' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly watchdog?: Watchdog;
  /** It ended by itself, or somebody else killed it. */
  readonly onLost?: (exit: Exit) => void;
}

/** One running PostgreSQL cluster, on the loopback interface only. */
export interface PostgresServer {
  readonly pid: number;
  readonly port: number;
  /** Where the data really is. */
  readonly folder: string;
  readonly running: boolean;
  /** URL of the superuser for a database. Default `postgres`. */
  url(database?: string): string;
  /** Creates the role (or sets its password) and the database it owns, unless they exist. Nobody else may connect to it. */
  ensureDatabase(name: string, role: string, password: string): Promise<string>;
  /** Fast shutdown: sessions are ended, data is written. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. `restart` recovers. */
  kill(): Promise<void>;
  /** Starts the same cluster again on the same port. */
  restart(): Promise<void>;
}

/** Starts a cluster, creating it first where the folder holds none. Ready in about 0.3 s, the first time 1 s more. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const account = unprivilegedAccount();
  const cluster: Cluster = {
    ...options,
    account,
    home: postgresHome(account),
    folder: reachableFolder(account, options.folder),
    port: options.port ?? (await claimPort()).port,
    watchdog: options.watchdog ?? new Watchdog(),
  };
  if (!existsSync(join(cluster.folder, 'PG_VERSION'))) await initialise(cluster);
  const server = await Restartable.start(() => start(cluster), options.onLost);
  const url = (database = 'postgres', role = 'postgres', password = options.password): string =>
    `postgres://${role}:${encodeURIComponent(password)}@127.0.0.1:${cluster.port}/${database}`;
  return {
    get pid() {
      return server.pid;
    },
    port: cluster.port,
    folder: cluster.folder,
    get running() {
      return server.running;
    },
    url: (database) => url(database),
    ensureDatabase: async (name, role, password) => {
      await ensureDatabase(url(), name, role, password);
      return url(name, role, password);
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    restart: () => server.restart(),
  };
}

interface Cluster extends PostgresOptions {
  readonly account: Account | undefined;
  readonly home: string;
  readonly port: number;
  readonly watchdog: Watchdog;
}

const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };

/** `initdb` works beside the final folder and is renamed, so that an interrupted one leaves nothing that looks like a cluster. */
async function initialise({ folder, account, home, password, durable }: Cluster): Promise<void> {
  if (existsSync(folder)) {
    throw new Error(
      `${folder} exists and holds no complete PostgreSQL cluster; remove it (npm start -- --fresh) and start again.`,
    );
  }
  const half = `${folder}.new`;
  const passwordFile = `${folder}.password`;
  rmSync(half, { recursive: true, force: true });
  makeOwned(account, half);
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account) chownSync(passwordFile, account.uid, account.gid);
  const args = [
    '--pgdata',
    half,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
  ];
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  try {
    const command = [
      join(home, 'bin/initdb'),
      ...args,
      ...locale,
      ...(durable === false ? ['--no-sync'] : []),
    ] as const;
    await output(command, { cwd: '/', env: environment, account });
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    throw new Error(`PostgreSQL cannot create its cluster in ${dirname(folder)}: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(half, folder);
}

async function start(cluster: Cluster): Promise<Child> {
  await clearLeftover(cluster.folder);
  const limitAt = Date.now() + 60_000;
  for (;;) {
    const child = await startChild({
      name: 'postgres',
      command: join(cluster.home, 'bin/postgres'),
      args: ['-D', cluster.folder, ...flags(cluster)],
      env: environment,
      account: cluster.account,
      logFile: cluster.logFile,
      // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for clients to leave.
      stopSignal: 'SIGINT',
      graceMs: 20_000,
      order: 30,
      watchdog: cluster.watchdog,
    });
    const exit = await Promise.race([ready(cluster, child, limitAt), child.exited]);
    if (exit === undefined) return child;
    const log = lastLines(cluster.logFile);
    // Backends of a killed server need a moment to notice, and hold its shared memory until then.
    if (!/pre-existing shared memory|still in use/.test(log) || Date.now() > limitAt)
      throw new Error(`PostgreSQL ended at start (${describeExit(exit)}):\n${log}`);
    await sleep(200);
  }
}

function flags({ port, durable, settings }: Cluster): string[] {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // A path longer than 107 bytes would stop the server; TCP suffices.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %q%u@%d ',
    ...(durable === false && { fsync: 'off', full_page_writes: 'off', autovacuum: 'off' }),
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The server says so itself in line 8 of its pid file, as pg_ctl reads it: no connection attempts, no parsing of logs. */
async function ready({ folder }: Cluster, child: Child, limitAt: number): Promise<undefined> {
  while (Date.now() < limitAt && child.running) {
    const lines = pidFile(folder);
    if (lines?.[0]?.trim() === String(child.pid) && lines[7]?.trim() === 'ready') return undefined;
    await sleep(15);
  }
  if (!child.running) await new Promise(() => undefined); // `exited` answers.
  await child.kill();
  throw new Error('PostgreSQL was not ready within 60 s');
}

function pidFile(folder: string): string[] | undefined {
  try {
    return readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
}

/**
 * After a crash the pid file stays. PostgreSQL copes, unless the pid belongs to another process of the same account by now: then
 * it would refuse to start. A server that still runs on the folder is stopped: nobody is left to own it.
 */
async function clearLeftover(folder: string): Promise<void> {
  const lines = pidFile(folder);
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isInteger(pid) || pid <= 1) return;
  const started = startedAt(pid);
  if (started !== undefined && (await commandOf(pid)).includes(folder)) {
    await stopAll([{ pid, name: 'postgres', startedAt: started, order: 0, signal: 'SIGINT', graceMs: 20_000 }]);
  } else if (started !== undefined) {
    rmSync(join(folder, 'postmaster.pid'), { force: true });
  }
}

async function commandOf(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return await output(['ps', '-o', 'command=', '-p', String(pid)]);
  } catch {
    return '';
  }
}

async function ensureDatabase(url: string, name: string, role: string, password: string): Promise<void> {
  const client = new pg.Client(sessionConfig(url));
  client.on('error', () => undefined);
  await client.connect();
  try {
    const [database, owner, secret] = [
      client.escapeIdentifier(name),
      client.escapeIdentifier(role),
      client.escapeLiteral(password),
    ];
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
    await client.query(`${roles.rowCount ? 'ALTER' : 'CREATE'} ROLE ${owner} LOGIN PASSWORD ${secret}`);
    const databases = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (!databases.rowCount)
      await client.query(`CREATE DATABASE ${database} OWNER ${owner} ENCODING 'UTF8' TEMPLATE template0`);
    // By default every role may connect to every database.
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  } finally {
    await client.end();
  }
}
