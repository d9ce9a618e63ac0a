import { fileURLToPath } from 'node:url';
import { messagingMigrations } from '@causeway/messaging';
import { persistenceMigrations, type MigrationSet } from '@causeway/persistence';

/** In the order in which they are applied: `place_order` calls functions of the libraries. */
export const migrations: readonly MigrationSet[] = [
  persistenceMigrations,
  messagingMigrations,
  { name: 'order', directory: fileURLToPath(new URL('../prisma/migrations', import.meta.url)), table: 'prisma' },
];
