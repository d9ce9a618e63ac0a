import { messagingMigrations } from '@causeway/messaging';
import { migrate, persistenceMigrations, type MigrationSet } from '@causeway/persistence';
import { getLogger } from '@causeway/telemetry';
import { fileURLToPath } from 'node:url';

/** The service's own tables. The same relative path from `src` and from `dist`. */
export const userMigrations: MigrationSet = {
  name: 'user',
  directory: fileURLToPath(new URL('../prisma/migrations', import.meta.url)),
  table: 'prisma',
};

/** Everything that the database of this service needs, in order. */
export const migrations: readonly MigrationSet[] = [persistenceMigrations, messagingMigrations, userMigrations];

/** `node dist/main.js migrate` */
export async function applyMigrations(databaseUrl: string): Promise<void> {
  const log = getLogger('migrate');
  await migrate(databaseUrl, migrations, { log: (line) => log.info(line) });
}
