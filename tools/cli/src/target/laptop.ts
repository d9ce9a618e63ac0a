import { findRunning, databaseUrlOf, type FoundSystem } from '@causeway/launcher/find-running';
import type { NatsConnection } from '@nats-io/transport-node';
import { CommandFailed } from '../failure.js';
import { connectAsOperator } from './connect.js';
import { followFile } from './follow-file.js';
import { addressOf } from './read-database.js';
import type { KnownInstance, LogSource, SystemTarget } from './target.js';

/** The system that `npm start` runs in a data folder. @throws CommandFailed when none runs there. */
export function laptopTarget(folder: string): SystemTarget {
  const system = findRunning(folder);
  if (!system)
    throw new CommandFailed(
      `no system runs in ${folder}`,
      'Start one with npm start, name its data folder with --folder, or a cluster with --context.',
    );
  const { ports, secrets, trust } = system;
  let connection: Promise<NatsConnection> | undefined;
  return {
    name: `laptop, ${folder}`,
    dataFolders: [folder],
    nats: () =>
      (connection ??= connectAsOperator(`nats://127.0.0.1:${ports.nats}`, secrets.nats['operator'] ?? '', trust?.nats)),
    databaseUrl: (service) => {
      const url = databaseUrlOf(system, service);
      return Promise.resolve(url && addressOf(url, trust?.postgres));
    },
    examples: system.examples,
    hasMigrations: true,
    instances: (service) =>
      Promise.resolve(instancesOf(system).filter((instance) => service === undefined || instance.service === service)),
    logs: () => Promise.resolve(logsOf(system)),
    trace: async (traceId) => {
      const response = await fetch(`http://127.0.0.1:${ports.traces}/traces/${traceId}`, {
        headers: { connection: 'close' },
      }).catch(() => undefined);
      return response?.ok ? ((await response.json()) as Awaited<ReturnType<SystemTarget['trace']>>) : undefined;
    },
    close: async () => {
      await (await connection?.catch(() => undefined))?.close();
    },
  };
}

const instancesOf = ({ ports, secrets }: FoundSystem): KnownInstance[] =>
  Object.entries(ports.services).flatMap(([name, addresses]) =>
    addresses.map(({ managementPort }, index) => ({
      service: name,
      id: `${name}-${index + 1}`,
      managementUrl: `http://127.0.0.1:${managementPort}`,
      token: secrets.operatorToken,
    })),
  );

const logsOf = (system: FoundSystem): LogSource[] =>
  instancesOf(system).map(({ service, id }) => ({
    service,
    instance: id,
    lines: (options) => followFile(system.paths.log(id), options),
  }));
