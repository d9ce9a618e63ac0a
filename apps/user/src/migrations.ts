import { messagingMigrations } from '@causeway/messaging';
import { persistenceMigrations, type MigrationSet } from '@causeway/persistence';
import { fileURLToPath } from 'node:url';

/** The service's own tables. The same relative path from `src` and from `dist`. */
export const userMigrations: MigrationSet = {
  name: 'user',
  directory: fileURLToPath(new URL('../prisma/migrations', import.meta.url)),
  table: 'prisma',
};

/** Everything that the database of this service needs, in order. */
export const migrations: readonly MigrationSet[] = [persistenceMigrations, messagingMigrations, userMigrations];
