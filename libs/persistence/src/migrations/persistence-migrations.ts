import { join } from 'node:path';
import type { MigrationSet } from './files.js';

/** The tables of this library, `causeway.inbox` and `causeway.idempotency`. Comes first in the list of a service. */
export const persistenceMigrations: MigrationSet = {
  name: 'persistence',
  // The same path from src/migrations and dist/migrations.
  directory: join(import.meta.dirname, '../../migrations'),
  table: 'causeway',
};
