import { untilReady } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type pg from 'pg';
import { DatabaseUnavailable, mistrustOf, sqlStateOf, translatePgError } from '../errors.js';
import { MigrationsPending } from '../migrations/errors.js';
import type { MigrationSet } from '../migrations/files.js';
import { verifyMigrations } from '../migrations/migrate.js';
import { DatabaseUnsuitable, unpinned } from '../session.js';

export interface WaitOptions {
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
  /** Pause between tries, milliseconds. Default 500. */
  readonly pauseMs?: number;
  /** The same line is logged again after this, milliseconds. Default 5 000. */
  readonly remindMs?: number;
}

/**
 * Waits until the database is reachable and has all migrations. Logs every few seconds what is missing.
 * @throws DatabaseUnsuitable, DatabaseUntrusted, MigrationChanged, MigrationFailed, or anything else that waiting will not fix. The reason
 *   of `signal` when it aborts.
 */
export async function waitForDatabase(
  pool: pg.Pool,
  sets: readonly MigrationSet[],
  options: WaitOptions = {},
): Promise<void> {
  const log = getLogger('persistence');
  let waited = false;
  const remind = (line: string): void => {
    waited = true;
    log.warn(line);
  };
  const check = async (): Promise<void> => {
    const wrong = await unpinned(pool).catch((error: unknown) => {
      throw translatePgError(error);
    });
    if (wrong.length > 0) throw new DatabaseUnsuitable(wrong);
    await verifyMigrations(pool, sets);
  };
  await untilReady(check, { ...options, reasonOf: waitingFor, remind });
  if (waited) log.info('the database is ready');
}

/**
 * The log line while waiting. Omits host and user, which come from DATABASE_URL, a secret.
 * @throws Errors that waiting will not fix.
 */
function waitingFor(error: unknown): string {
  if (error instanceof MigrationsPending) return `waiting for migrations: ${error.message}. ${error.remedy}`;
  const untrusted = mistrustOf(error);
  if (untrusted) throw untrusted;
  if (!(error instanceof DatabaseUnavailable)) throw error;
  const { code, message } = error.cause as { code?: string; message?: string };
  const reason = sqlStateOf(error) ? message : (code ?? message);
  return `waiting for the database: ${reason ?? 'it does not answer'}. Check DATABASE_URL and that PostgreSQL is running`;
}
