import { setTimeout as sleep } from 'node:timers/promises';
import { getLogger } from '@causeway/telemetry';
import { DatabaseUnavailable, mistrustOf } from '../errors.js';
import type { ServerTrust } from '../session.js';
import type { MigrationSet } from './files.js';
import { migrate } from './migrate.js';

/**
 * The command `migrate` of a service: runs `migrate` and logs what it does.
 * @param options.trust Who vouches for the server. Default: what the URL says.
 * @param options.waitMs How long to wait for a database that is not available yet, as on a first start, milliseconds. Default
 *   120 000.
 */
export async function runMigrations(
  databaseUrl: string,
  sets: readonly MigrationSet[],
  { waitMs = 120_000, trust }: { readonly waitMs?: number; readonly trust?: ServerTrust | undefined } = {},
): Promise<void> {
  const log = getLogger('migrate');
  const limitAt = performance.now() + waitMs;
  for (;;) {
    try {
      await migrate(databaseUrl, sets, { trust, log: (line) => log.info(line) });
      return;
    } catch (error) {
      const untrusted = mistrustOf(error);
      if (untrusted) throw untrusted;
      if (!(error instanceof DatabaseUnavailable) || performance.now() > limitAt) throw error;
      log.warn('waiting for the database. Check MIGRATION_DATABASE_URL and that PostgreSQL is running');
    }
    await sleep(2_000);
  }
}
