import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeOwned, reachableFolder, unprivilegedAccount, type Account } from './account.js';
import { ManagedProcess, type ProcessOptions } from './managed-process.js';
import { claimPort } from './ports.js';
import { postgresHome } from './postgres-binaries.js';
import { ensureDatabase, ownerOf, type DatabasePasswords, type DatabaseUrls } from './postgres-database.js';
import { output } from './run.js';
import { startedAt, stopAll } from './watchdog-process.js';
import { Watchdog } from './watchdog.js';

export {
  asAdmin,
  ensureRole,
  grantRights,
  ownerOf,
  type DatabasePasswords,
  type DatabaseUrls,
} from './postgres-database.js';
export { Watchdog } from './watchdog.js';

export interface PostgresOptions {
  /**
   * Where the cluster lives. As root, when the unprivileged account cannot get there, a folder below /var/tmp takes its
   * place.
   */
  readonly folder: string;
  readonly logFile: string;
  /** Password of the superuser `postgres`; at the first start it becomes the cluster's. */
  readonly password: string;
  /** A port that the caller has claimed. Default: any, claimed until this process ends. */
  readonly port?: number;
  /**
   * False skips fsync: several times faster, and a power cut corrupts the data. For throw-away clusters. Default true.
   */
  readonly durable?: boolean;
  /** With these every session is encrypted, and others are refused. Default: no TLS, which the loopback needs none of. */
  readonly tls?: ServerCertificate;
  /** Further server settings, for example `{ max_connections: '50' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly watchdog?: Watchdog;
  readonly onLost?: ProcessOptions['onLost'];
  readonly onChange?: ProcessOptions['onChange'];
}

/** One PostgreSQL cluster, on the loopback interface only. */
export interface PostgresServer extends ManagedProcess {
  readonly port: number;
  /** Where the data is. */
  readonly folder: string;
  /** Returns the superuser's URL for a database. Default `postgres`. */
  readonly url: (database?: string) => string;
  /**
   * Creates a database with the role of its name, that a service runs with, and `<name>_owner`, that owns it; or sets
   * their passwords. No other role may connect to it.
   */
  readonly ensureDatabase: (name: string, passwords: DatabasePasswords) => Promise<DatabaseUrls>;
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
  };
  const { folder, home, port } = cluster;
  if (!existsSync(join(folder, 'PG_VERSION'))) await initialise(cluster);
  if (cluster.tls) takeCertificate(cluster, cluster.tls);
  const server = new ManagedProcess({
    name: 'PostgreSQL',
    command: join(home, 'bin/postgres'),
    args: ['-D', folder, ...flags(cluster)],
    env: environment,
    account,
    logFile: options.logFile,
    // SIGINT is PostgreSQL's fast shutdown: it ends sessions and writes data. SIGTERM would wait for clients to leave.
    stopSignal: 'SIGINT',
    graceMs: 20_000,
    order: 30,
    watchdog: options.watchdog ?? new Watchdog(),
    prepare: () => clearLeftover(folder),
    isReady: (pid) => isReady(folder, pid),
    // Backends of a killed server need a moment to notice, and hold its shared memory until then.
    retryOn: /pre-existing shared memory|still in use/,
    onLost: options.onLost,
    onChange: options.onChange,
  });
  await server.start();
  const url = (database = 'postgres', role = 'postgres', password = options.password): string =>
    `postgres://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  return Object.assign(server, {
    port,
    folder,
    url: (database?: string) => url(database),
    ensureDatabase: async (name: string, passwords: DatabasePasswords) => {
      await ensureDatabase(url(), name, passwords, options.tls && { ca: options.tls.ca });
      return {
        url: url(name, name, passwords.password),
        migrationUrl: url(name, ownerOf(name), passwords.ownerPassword),
      };
    },
  });
}

interface Cluster extends PostgresOptions {
  readonly account: Account | undefined;
  readonly home: string;
  readonly port: number;
}

const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };

/**
 * `initdb` works beside the final folder and is renamed, so that an interrupted one leaves nothing that looks like a
 * cluster.
 */
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

/** For 127.0.0.1, and for whatever name else clients reach the server by. */
export interface ServerCertificate {
  /** What our own sessions trust, in PEM. */
  readonly ca: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** PostgreSQL takes a key only if nobody else can read it. */
function takeCertificate({ folder, account }: Cluster, { certFile, keyFile }: ServerCertificate): void {
  const files = {
    'server.crt': readFileSync(certFile),
    'server.key': readFileSync(keyFile),
    'hostssl.conf': 'hostssl all all all scram-sha-256\n',
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    if (account) chownSync(join(folder, name), account.uid, account.gid);
  }
}

function flags({ port, durable, settings, tls, folder }: Cluster): string[] {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // A path longer than 107 bytes would stop the server; TCP suffices.
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %q%u@%d ',
    ...(tls && { ssl: 'on', hba_file: join(folder, 'hostssl.conf') }),
    ...(durable === false && { fsync: 'off', full_page_writes: 'off', autovacuum: 'off' }),
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * The server says so in line 8 of its pid file, which pg_ctl reads, too: no connection attempts, no parsing of logs.
 */
function isReady(folder: string, pid: number): boolean {
  const lines = pidFile(folder);
  return lines?.[0]?.trim() === String(pid) && lines[7]?.trim() === 'ready';
}

function pidFile(folder: string): string[] | undefined {
  try {
    return readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
}

/**
 * After a crash the pid file stays. PostgreSQL copes, unless the pid belongs to another process of the same account by
 * now: then it would refuse to start. A server that still runs on the folder has lost its owner and is stopped.
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
