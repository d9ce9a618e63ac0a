import { waitForDatabase } from '../nest/wait.js';
import { createPool } from '../pool.js';
import type { DatabaseSettings } from '../settings.js';
import type { MigrationSet } from './files.js';

/**
 * The command `wait-for-schema` of a service: ends once the database has every migration and script of the sets; more
 * are fine. The init container of a Deployment runs it, so pods of a new version start only after its migration Job.
 * @throws MigrationChanged, MigrationFailed, or anything else that waiting will not fix.
 */
export async function waitForSchema(settings: DatabaseSettings, sets: readonly MigrationSet[]): Promise<void> {
  const pool = createPool({ ...settings, DATABASE_POOL_MAX: 1 });
  try {
    await waitForDatabase(pool, sets);
  } finally {
    await pool.end();
  }
}
