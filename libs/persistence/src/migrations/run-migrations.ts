import { getLogger } from '@causeway/telemetry';
import type { MigrationSet } from './files.js';
import { migrate } from './migrate.js';

/** The command `migrate` of a service: `migrate`, telling the log of the process what it does. */
export async function runMigrations(databaseUrl: string, sets: readonly MigrationSet[]): Promise<void> {
  const log = getLogger('migrate');
  await migrate(databaseUrl, sets, { log: (line) => log.info(line) });
}
