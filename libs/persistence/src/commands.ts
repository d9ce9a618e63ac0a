import type { MigrationSet } from './migrations/files.js';
import type { DatabaseSettings } from './settings.js';

/**
 * The commands of a service that owns a database: `migrate` applies what is missing, `wait-for-schema` ends once everything is
 * applied. Importing this file loads nothing else; each command loads what it needs.
 *
 * @param load Loads the sets of the service: `() => import('./migrations.js')`.
 */
export const databaseCommands = (load: () => Promise<{ readonly migrations: readonly MigrationSet[] }>) => ({
  async migrate(settings: DatabaseSettings): Promise<void> {
    const [{ runMigrations }, { migrations }] = await Promise.all([import('./migrations/run-migrations.js'), load()]);
    await runMigrations(settings.DATABASE_URL, migrations);
  },
  async 'wait-for-schema'(settings: DatabaseSettings): Promise<void> {
    const [{ waitForSchema }, { migrations }] = await Promise.all([import('./migrations/wait-for-schema.js'), load()]);
    await waitForSchema(settings, migrations);
  },
});
