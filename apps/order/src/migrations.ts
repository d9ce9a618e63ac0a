import { fileURLToPath } from 'node:url';
import { messagingMigrations } from '@causeway/messaging';
import { persistenceMigrations, type MigrationSet } from '@causeway/persistence';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** In the order in which they are applied: `place_order` calls functions of the libraries. */
export const migrations: readonly MigrationSet[] = [
  persistenceMigrations,
  messagingMigrations,
  {
    name: 'order',
    directory: path('../prisma/migrations'),
    table: 'prisma',
    repeatable: [{ name: 'place_order', file: path('./adapters/persistence/place-order.sql') }],
  },
];
