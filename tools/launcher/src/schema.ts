import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MigrationSet } from '@causeway/persistence';
import { provisioner, type Service } from '@causeway/system';
import { repository } from './places.js';

/**
 * Applies what is pending in a service's database: the sets that the service's own `migrate` command applies,
 * repeatable scripts included.
 * @returns how many migrations and scripts were applied
 */
export async function migrateDatabase({ name }: Service, url: string): Promise<number> {
  const [{ migrate }, { migrations }] = await Promise.all([import('@causeway/persistence'), migrationsOf(name)]);
  return (await migrate(url, migrations, { log: () => undefined })).length;
}

/**
 * The sets of migrations of a service. Loaded by path, because tools do not depend on applications: compiled where the launcher is compiled, else the
 * source.
 */
export async function migrationsOf(service: string): Promise<{ readonly migrations: readonly MigrationSet[] }> {
  const file = import.meta.filename.endsWith('.ts') ? 'src/migrations.ts' : 'dist/migrations.js';
  return (await import(pathToFileURL(join(repository, 'apps', service, file)).href)) as Awaited<
    ReturnType<typeof migrationsOf>
  >;
}

/** Makes streams and consumers what `@causeway/contracts` declares. @returns how many were created or updated */
export async function provisionTopology(url: string, password: string): Promise<number> {
  const [{ connect }, { provision }, { streams, consumers }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@causeway/messaging'),
    import('@causeway/contracts'),
  ]);
  const inboxPrefix = `_INBOX_${provisioner}`;
  // A stop in the middle of the start ends the server: trying to get back to it would hold up the stop for 20 s.
  const options = { servers: url, name: 'launcher', user: provisioner, pass: password, inboxPrefix, reconnect: false };
  const connection = await connect(options);
  try {
    const changes = await provision(connection, { streams, consumers, replicas: 1 });
    return changes.filter(({ action }) => action === 'created' || action === 'updated').length;
  } finally {
    await connection.close();
  }
}
