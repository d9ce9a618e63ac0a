import { setTimeout as sleep } from 'node:timers/promises';
import { getLogger } from '@causeway/telemetry';
import type pg from 'pg';
import { DatabaseUnavailable, sqlStateOf, translatePgError } from '../errors.js';
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
  readonly repeatMs?: number;
}

/**
 * Waits until the database is reachable and has all migrations. Logs every few seconds what is missing.
 * @throws DatabaseUnsuitable, MigrationChanged, MigrationFailed, or anything else that waiting cannot cure. The reason
 *   of `signal` when it aborts.
 */
export async function waitForDatabase(
  pool: pg.Pool,
  sets: readonly MigrationSet[],
  options: WaitOptions = {},
): Promise<void> {
  const { signal, pauseMs = 500, repeatMs = 5_000 } = options;
  const log = getLogger('persistence');
  let logged = '';
  let loggedAt = -Infinity;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const wrong = await unpinned(pool).catch((error: unknown) => {
        throw translatePgError(error);
      });
      if (wrong.length > 0) throw new DatabaseUnsuitable(wrong);
      await verifyMigrations(pool, sets);
      if (logged) log.info('the database is ready');
      return;
    } catch (error) {
      const line = waitingFor(error);
      if (line !== logged || performance.now() - loggedAt >= repeatMs) {
        log.warn(line);
        logged = line;
        loggedAt = performance.now();
      }
    }
    await sleep(pauseMs, undefined, { signal });
  }
}

/**
 * The log line while waiting. It names no address and no user, which are part of a secret.
 * @throws What waiting cannot cure.
 */
function waitingFor(error: unknown): string {
  if (error instanceof MigrationsPending) return `waiting for migrations: ${error.message}. ${error.remedy}`;
  if (!(error instanceof DatabaseUnavailable)) throw error;
  const { code, message } = error.cause as { code?: string; message?: string };
  const reason = sqlStateOf(error) ? message : (code ?? message);
  return `waiting for the database: ${reason ?? 'it does not answer'}. Check DATABASE_URL and that PostgreSQL is running`;
}
