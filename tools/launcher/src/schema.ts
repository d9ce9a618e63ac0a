import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './places.js';
import type { ServiceDefinition } from './services.js';

/** Applies what is pending in a service's database: the tables of the libraries first, its own then. @returns how many were applied */
export async function migrateDatabase({ name, messaging }: ServiceDefinition, url: string): Promise<number> {
  const [{ migrate, persistenceMigrations }, { messagingMigrations }] = await Promise.all([
    import('@causeway/persistence'),
    import('@causeway/messaging'),
  ]);
  const directory = join(repository, 'apps', name, 'prisma', 'migrations');
  const own = existsSync(directory) ? [{ name, directory, table: 'prisma' as const }] : [];
  const sets = [persistenceMigrations, ...(messaging ? [messagingMigrations] : []), ...own];
  return (await migrate(url, sets, { log: () => undefined })).length;
}

/** Makes streams and consumers what `@causeway/contracts` declares. @returns how many were created or updated */
export async function provisionTopology(url: string, password: string): Promise<number> {
  const [{ connect }, { provision }, { streams, consumers }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@causeway/messaging'),
    import('@causeway/contracts'),
  ]);
  const user = 'provisioner';
  const inboxPrefix = `_INBOX_${user}`;
  // A stop in the middle of the start ends the server: trying to get back to it would hold up the stop for 20 s.
  const options = { servers: url, name: 'launcher', user, pass: password, inboxPrefix, reconnect: false };
  const connection = await connect(options);
  try {
    const changes = await provision(connection, { streams, consumers, replicas: 1 });
    return changes.filter(({ action }) => action === 'created' || action === 'updated').length;
  } finally {
    await connection.close();
  }
}
