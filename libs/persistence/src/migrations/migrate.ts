import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { sqlStateOf, translatePgError } from '../errors.js';
import { connectionConfig } from '../pool.js';
import { sessionConfig, type ServerTrust } from '../session.js';
import { MigrationFailed, MigrationRightsMissing, MigrationsPending } from './errors.js';
import { readMigrations, readRepeatableScripts, type MigrationFile, type MigrationSet } from './files.js';
import { ledgerOf, repeatableLedger, type Ledger, type Queryable } from './ledger.js';
import { planOf, planOfRepeatable } from './plan.js';

/** One migration or repeatable script that was applied now. */
export interface Applied {
  readonly set: string;
  readonly name: string;
  readonly ms: number;
}

export interface MigrateOptions {
  /** Receives a line for each event. Default none. */
  readonly log?: (line: string) => void;
  /**
   * How long a statement waits for a lock before it gives way to the traffic and tries again, milliseconds.
   * Default 3 000.
   */
  readonly lockTimeoutMs?: number;
  /** Most tries of a migration that cannot get its locks. Default 20, a second apart. */
  readonly lockAttempts?: number;
  /** Pause between tries for a lock, milliseconds. Default 1 000. */
  readonly pauseMs?: number;
  /** Who vouches for the server of a URL. Default: what the URL says. */
  readonly trust?: ServerTrust | undefined;
}

/** The advisory lock that Prisma's runner takes as well, so the two exclude each other. */
const migrationLock = 72_707_369;
/** lock_not_available, raised by lock_timeout. */
const lockNotAvailable = '55P03';
const insufficientPrivilege = '42501';

interface SetFiles {
  readonly set: MigrationSet;
  readonly numbered: readonly MigrationFile[];
  readonly repeatable: readonly MigrationFile[];
}

/**
 * Applies what is missing of each set, in the order given, on one dedicated connection: its numbered migrations, then
 * its repeatable scripts. A set may use what the sets before it create. Concurrent runners wait for each other.
 *
 * Each migration is one transaction, its record included; a file that begins with `-- causeway: no-transaction` (for
 * `CREATE INDEX CONCURRENTLY`: one statement, written so that it can run again) has none. A repeatable script is
 * applied when the database has never had its text; a text that a newer one has replaced is not restored.
 *
 * @returns What was applied now.
 * @throws MigrationChanged, MigrationFailed, MigrationRightsMissing, DatabaseUnavailable
 */
export async function migrate(
  target: pg.Pool | string,
  sets: readonly MigrationSet[],
  options: MigrateOptions = {},
): Promise<Applied[]> {
  const all = await Promise.all(sets.map(readSet));
  const config = typeof target === 'string' ? sessionConfig(target, options.trust) : connectionConfig(target);
  const client = new pg.Client({
    ...config,
    application_name: 'causeway-migrate',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await lock(client, options);
    const applied: Applied[] = [];
    for (const files of all) applied.push(...(await applySet(client, files, options)));
    return applied;
  } catch (error) {
    throw withoutRights(error) ?? translatePgError(error);
  } finally {
    // Ends the session, and with it the lock.
    await client.end().catch(() => undefined);
  }
}

const readSet = async (set: MigrationSet): Promise<SetFiles> => ({
  set,
  numbered: await readMigrations(set),
  repeatable: await readRepeatableScripts(set),
});

/**
 * Checks, without changing anything, that the database has every numbered migration of the sets, and has or had the
 * text of every repeatable script.
 * @throws MigrationsPending, MigrationChanged, MigrationFailed, DatabaseUnavailable
 */
export async function verifyMigrations(pool: Queryable, sets: readonly MigrationSet[]): Promise<void> {
  const pending: string[] = [];
  for (const set of sets) {
    const { numbered, repeatable } = await readSet(set);
    const read = (ledger: Ledger) =>
      ledger.read(pool).catch((error: unknown) => {
        throw translatePgError(error);
      });
    const missing = [
      ...planOf(set, numbered, await read(ledgerOf(set))),
      ...(repeatable.length > 0 ? planOfRepeatable(repeatable, await read(repeatableLedger(set))).pending : []),
    ];
    pending.push(...missing.map((file) => `${set.name}/${file.name}`));
  }
  if (pending.length > 0) throw new MigrationsPending(pending);
}

/**
 * Takes the lock by polling. A session that waits inside pg_advisory_lock holds a snapshot, and CREATE INDEX
 * CONCURRENTLY of the other runner would wait for that snapshot in turn.
 */
async function lock(client: pg.Client, { log, pauseMs = 1_000 }: MigrateOptions): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { rows } = await client.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${migrationLock}) AS locked`);
    if (rows[0]?.locked) return;
    if (attempt === 0) log?.('waiting for another migration of this database to end');
    await sleep(Math.min(pauseMs, 200));
  }
}

async function applySet(
  client: pg.Client,
  { set, numbered, repeatable }: SetFiles,
  options: MigrateOptions,
): Promise<Applied[]> {
  const ledger = ledgerOf(set);
  await ledger.create(client);
  const applied = await applyAll(client, ledger, set, planOf(set, numbered, await ledger.read(client)), options);
  if (repeatable.length === 0) return applied;

  const history = repeatableLedger(set);
  await history.create(client);
  const { pending, superseded } = planOfRepeatable(repeatable, await history.read(client));
  for (const { name } of superseded) {
    options.log?.(
      `skipped ${set.name}/${name}: the database has replaced this text by a newer one. To restore it on purpose, change the file (a comment is enough)`,
    );
  }
  return [...applied, ...(await applyAll(client, history, set, pending, options))];
}

async function applyAll(
  client: pg.Client,
  ledger: Ledger,
  set: MigrationSet,
  files: readonly MigrationFile[],
  options: MigrateOptions,
): Promise<Applied[]> {
  const applied: Applied[] = [];
  for (const file of files) {
    const startedAt = performance.now();
    await applyFile(client, ledger, set, file, options);
    const ms = Math.round(performance.now() - startedAt);
    options.log?.(`applied ${set.name}/${file.name} in ${ms} ms`);
    applied.push({ set: set.name, name: file.name, ms });
  }
  return applied;
}

async function applyFile(
  client: pg.Client,
  ledger: Ledger,
  set: MigrationSet,
  file: MigrationFile,
  options: MigrateOptions,
) {
  const { lockTimeoutMs = 3_000, lockAttempts = 20, pauseMs = 1_000, log } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      if (file.withoutTransaction) return await applyPlain(client, ledger, file);
      return await applyInTransaction(client, ledger, file, lockTimeoutMs);
    } catch (error) {
      if (sqlStateOf(error) !== lockNotAvailable || attempt >= lockAttempts) throw failed(set, file, error);
      // A statement that waits for a lock blocks everything queued behind it. Give way, then try again.
      log?.(`${set.name}/${file.name} waits for a lock (${attempt} of ${lockAttempts})`);
      await sleep(pauseMs);
    }
  }
}

async function applyInTransaction(client: pg.Client, ledger: Ledger, file: MigrationFile, lockTimeoutMs: number) {
  try {
    await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockTimeoutMs}`);
    await ledger.begin(client, file);
    const before = await transactionId(client);
    await client.query(file.sql);
    if ((await transactionId(client)) !== before) {
      throw new Error('it contains BEGIN, COMMIT or ROLLBACK; the runner makes the transaction');
    }
    await ledger.finish(client, file);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function applyPlain(client: pg.Client, ledger: Ledger, file: MigrationFile): Promise<void> {
  await ledger.begin(client, file);
  await client.query(file.sql);
  await ledger.finish(client, file);
}

async function transactionId(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id');
  return rows[0]!.id;
}

/** An append-only table refuses a change with the same state, and then the migration is wrong. */
function withoutRights(error: unknown): MigrationRightsMissing | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== insufficientPrivilege) return undefined;
  return 'where' in error && error.where !== undefined
    ? undefined
    : new MigrationRightsMissing(error.message, { cause: error });
}

function failed(set: MigrationSet, file: MigrationFile, error: unknown): unknown {
  const translated = translatePgError(error);
  if (translated !== error) return translated;
  const refused = withoutRights(error);
  if (refused) return refused;
  const { message, position } = error as { message: string; position?: string };
  const line = position ? ` (line ${file.sql.slice(0, Number(position) - 1).split('\n').length})` : '';
  return new MigrationFailed(`${set.name}/${file.name}`, `${message}${line}`, { cause: error });
}
