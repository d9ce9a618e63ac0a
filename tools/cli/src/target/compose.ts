import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findEngine, type Engine } from '@causeway/images/engine';
import { output, type Command } from '@causeway/launcher/run';
import { serviceNames, services, type ServiceName } from '@causeway/system';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ServerTrust } from '@causeway/persistence/session';
import { addressOf } from './read-database.js';
import { CommandFailed } from '../failure.js';
import { childLines } from './child-lines.js';
import { connectAsOperator } from './connect.js';
import type { KnownInstance, LogSource, SystemTarget } from './target.js';

interface RunningContainer {
  readonly id: string;
  readonly name: string;
  readonly host: string;
}

const managementPort = 9090;
const dockerTimeoutMs = 20_000;

/**
 * The containers of a Compose file on this machine, at their addresses in Docker's network: Compose publishes only the
 * gateway. Linux routes there; Docker Desktop does not.
 * @param file Path of `compose.yaml`; its secrets are in `secrets` beside it.
 */
export function composeTarget(file: string): SystemTarget {
  let connection: Promise<NatsConnection> | undefined;
  let engine: Promise<Engine> | undefined;

  const run = async (command: (engine: Engine) => Command): Promise<string> => {
    try {
      return await output(command(await (engine ??= findEngine())), { timeoutMs: dockerTimeoutMs });
    } catch (error) {
      throw new CommandFailed((error as Error).message, 'Does docker compose ps show the containers?');
    }
  };
  const containers = async (service: string): Promise<RunningContainer[]> => {
    const listed = await run(({ compose }) => [...compose, '--file', file, 'ps', '--quiet', service]);
    const ids = listed.split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    const format = '{{.Id}} {{.Name}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
    const inspected = await run(({ docker }) => [docker, 'inspect', '--format', format, ...ids]);
    return inspected.split('\n').map((line) => {
      const [id = '', name = '', host = ''] = line.trim().split(' ');
      return { id, name: name.replace(/^\//, ''), host };
    });
  };
  const hostOf = async (service: string): Promise<string> => {
    const [found] = await containers(service);
    if (!found?.host) throw new CommandFailed(`no container of ${service} runs`, `docker compose --file ${file} up`);
    return found.host;
  };
  const secret = (name: string): string => {
    try {
      return readFileSync(join(dirname(file), 'secrets', name), 'utf8').trim();
    } catch (error) {
      const remedy = `Run sh ${join(dirname(file), 'secrets.sh')}, and start the containers again.`;
      throw new CommandFailed(`the secret ${name} cannot be read`, remedy, { cause: error });
    }
  };
  /** Reached by its address in Docker's network, a server still has to be the one of that name. */
  const trust = (server: string): ServerTrust | undefined =>
    existsSync(join(dirname(file), 'secrets', `${server}-ca.crt`))
      ? { ca: secret(`${server}-ca.crt`), servername: server }
      : undefined;
  const ofServices = async (only?: string): Promise<{ service: ServiceName; container: RunningContainer }[]> => {
    const names = serviceNames.filter((name) => only === undefined || name === only);
    const found = await Promise.all(
      names.map(async (service) => (await containers(service)).map((container) => ({ service, container }))),
    );
    return found.flat();
  };

  return {
    name: `Compose, ${file}`,
    dataFolders: [],
    hasMigrations: true,
    nats: () =>
      (connection ??= (async () =>
        connectAsOperator(`nats://${await hostOf('nats')}:4222`, secret('nats-password-operator'), trust('nats')))()),
    databaseUrl: async (service) => {
      const database = services.find(({ name }) => name === service)?.database;
      if (database === undefined) return undefined;
      const url = new URL(secret(`database-url-${database}`));
      const server = url.hostname;
      url.hostname = await hostOf(server);
      return addressOf(url.href, trust(server));
    },
    instances: async (only) =>
      (await ofServices(only)).map(({ service, container }): KnownInstance => ({
        service,
        id: container.name,
        managementUrl: `http://${container.host}:${managementPort}`,
        token: secret('operator-token'),
      })),
    logs: async () =>
      (await ofServices()).map(({ service, container: { id, name } }): LogSource => ({
        service,
        instance: name,
        async *lines({ follow, signal }) {
          const { docker } = await (engine ??= findEngine());
          yield* childLines([docker, 'logs', ...(follow ? ['--follow'] : []), id], signal);
        },
      })),
    trace: () => Promise.resolve(undefined),
    close: async () => {
      await (await connection?.catch(() => undefined))?.close();
    },
  };
}
