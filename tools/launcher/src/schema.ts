import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MigrationSet } from '@causeway/persistence';
import type { ServerTrust } from '@causeway/persistence/session';
import { provisioner, type Service } from '@causeway/system';
import type { ExampleService } from './examples/example-files.js';
import { repository } from './places.js';

/**
 * Applies what is pending in a service's database: the sets that the service's own `migrate` command applies,
 * repeatable scripts included.
 * @returns how many migrations and scripts were applied
 */
export async function migrateDatabase(
  service: Service | ExampleService,
  url: string,
  trust?: ServerTrust,
): Promise<number> {
  const sets = 'contractFile' in service ? exampleMigrations(service) : migrationsOf(service.name);
  const [{ migrate }, { migrations }] = await Promise.all([import('@causeway/persistence'), sets]);
  return (await migrate(url, migrations, { log: () => undefined, trust })).length;
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

/** SQL needs no code around it: an example names folders, recorded like those of the libraries. */
const exampleMigrations = ({ migrations }: ExampleService): Awaited<ReturnType<typeof migrationsOf>> => ({
  migrations: migrations.map(({ name, directory }) => ({ name, directory, table: 'causeway' })),
});

/**
 * Makes streams and consumers what `@causeway/contracts` and the examples declare.
 * @returns how many were created or updated
 */
export async function provisionTopology(
  url: string,
  password: string,
  examples: readonly ExampleService[] = [],
  trust?: ServerTrust,
): Promise<number> {
  const [{ connect }, { provision }, { topologyWith }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@causeway/messaging'),
    import('./examples/example-topology.js'),
  ]);
  const inboxPrefix = `_INBOX_${provisioner}`;
  // A stop in the middle of the start ends the server: trying to get back to it would hold up the stop for 20 s.
  const options = {
    ...{ servers: url, name: 'launcher', user: provisioner, pass: password, inboxPrefix, reconnect: false },
    ...(trust && { tls: trust }),
  };
  const connection = await connect(options);
  try {
    const changes = await provision(connection, { ...topologyWith(examples), replicas: 1 });
    return changes.filter(({ action }) => action === 'created' || action === 'updated').length;
  } finally {
    await connection.close();
  }
}
