import { fileURLToPath } from 'node:url';
import type { MigrationSet } from '@causeway/persistence';

/** Creates the outbox. For the database of every service that publishes, after `persistenceMigrations`. */
export const messagingMigrations: MigrationSet = {
  name: 'messaging',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
  table: 'causeway',
};
