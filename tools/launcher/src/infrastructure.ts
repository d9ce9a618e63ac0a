import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ServerTrust } from '@causeway/persistence/session';
import { startTraceReceiver, type TraceReceiver } from '@causeway/demo-client';
import { reachableFolder, unprivilegedAccount } from './account.js';
import { startNats, writeNatsConfig, type NatsServer } from './nats.js';
import { startPostgres, type DatabaseUrls, type PostgresServer } from './postgres.js';
import { allOf, named } from './progress.js';
import { onLost } from './revive.js';
import { note, type Running, type SystemOptions } from './running.js';
import { migrateDatabase, provisionTopology } from './schema.js';
import { databaseName, type Paths } from './wiring.js';

// `running` gets each server as soon as it runs, so that a stop during the start finds it.

export async function startPostgresOf(
  running: Running,
  { durable, supervise }: SystemOptions,
): Promise<PostgresServer> {
  const { paths, ports, secrets, certificates, watchdog } = running;
  const { postgres: port } = ports;
  const logFile = paths.log('postgres');
  const password = secrets.postgres;
  return (running.postgres = await startPostgres({
    folder: paths.postgres,
    logFile,
    password,
    port,
    durable,
    tls: certificates?.postgres,
    watchdog,
    onLost: onLost(running, supervise),
    onChange: () => note(running),
  }));
}

export async function startNatsOf(running: Running, { signal, supervise }: SystemOptions): Promise<NatsServer> {
  const { paths, ports, secrets, certificates, watchdog, say, examples } = running;
  const { nats: port } = ports;
  const configFile = await writeNatsConfig(paths.nats, secrets.nats, examples);
  return (running.nats = await startNats({
    folder: paths.nats,
    configFile,
    tls: certificates?.nats,
    logFile: paths.log('nats'),
    port,
    watchdog,
    log: say,
    signal,
    // Services may not manage streams: the launcher creates again what a restarted broker has lost.
    onLost: onLost(running, supervise, () => provision(running)),
    onChange: () => note(running),
  }));
}

const provision = ({ nats, secrets, certificates, examples }: Running): Promise<number> =>
  provisionTopology(nats?.url ?? '', secrets.nats['provisioner'] ?? '', examples, trustOf(certificates?.nats));

export const startTracesOf = async (running: Running): Promise<TraceReceiver> =>
  (running.traces = await startTraceReceiver(running.ports.traces));

/** Of each service that has a database. */
export type DatabasesOfServices = Partial<Record<string, DatabaseUrls>>;

/** Databases, roles, migrations, streams and consumers. */
export async function prepareData(running: Running, postgres: PostgresServer): Promise<DatabasesOfServices> {
  const { secrets, say, services, examples, certificates } = running;
  const trust = trustOf(certificates?.postgres);
  const begun = performance.now();
  const urls: DatabasesOfServices = {};
  const own = services.filter(({ database }) => database);
  // One after the other: CREATE DATABASE needs its template for itself.
  for (const { name } of own) {
    const database = databaseName(name, examples);
    // Passwords are kept by service, and by database where an example has one of its own.
    const password = secrets.databases[database] ?? secrets.databases[name] ?? '';
    const ownerPassword = secrets.databaseOwners[database] ?? secrets.databaseOwners[name] ?? '';
    urls[name] = await postgres.ensureDatabase(database, { password, ownerPassword });
  }
  const [topology, ...migrations] = await allOf<number[]>(say, [
    named('the message topology', provision(running)),
    ...own.map((definition) =>
      named(
        `the database of ${definition.name}`,
        migrateDatabase(definition, urls[definition.name]!.migrationUrl, trust),
      ),
    ),
  ]);
  const applied = migrations.reduce((sum, count) => sum + count, 0);
  say(
    `databases and topology are ready after ${seconds(begun)} (${applied} migrations applied, ${topology} changes of the topology)`,
  );
  return urls;
}

/** Removes everything that a start left behind; for `fresh`. */
export function forget(paths: Paths): void {
  const { folder, postgres, nats, logs, mails, certificates } = paths;
  const kept = [
    clusterFolder(paths),
    postgres,
    nats,
    logs,
    mails,
    certificates,
    `${folder}/observe`,
    `${folder}/secrets.json`,
  ];
  for (const path of kept) {
    rmSync(path, { recursive: true, force: true });
  }
}

/**
 * As root the cluster may live outside the data folder, and survive its removal: without the secrets it is of no use.
 */
export function dropOrphanedCluster(paths: Paths, say: (line: string) => void): void {
  const folder = clusterFolder(paths);
  if (folder === paths.postgres) return;
  rmSync(folder, { recursive: true, force: true });
  say(
    `PostgreSQL keeps its data in ${dirname(folder)}: it does not run as root, and other accounts cannot reach this folder`,
  );
}

const trustOf = (certificate: { readonly ca: string } | undefined): ServerTrust | undefined =>
  certificate && { ca: certificate.ca };

const clusterFolder = (paths: Paths): string => reachableFolder(unprivilegedAccount(), paths.postgres);

export const seconds = (begun: number): string => `${((performance.now() - begun) / 1000).toFixed(1)} s`;
