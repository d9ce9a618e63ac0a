import { lookup as lookUp, reverse } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { certificates, loadSettings, port, secret, SettingsInvalid, text, withDefault } from '@causeway/config';
import { databaseSetting, serviceNames, services, type ServiceName } from '@causeway/system';
import type { ServerTrust } from '@causeway/persistence/session';
import type { NatsConnection } from '@nats-io/transport-node';
import { CommandFailed } from '../failure.js';
import { connectAsOperator } from './connect.js';
import { addressOf } from './read-database.js';
import type { KnownInstance, SystemTarget } from './target.js';

/** What a container of this image is told of the system around it. Each may be a file: `NATS_PASSWORD_FILE`. */
export const insideSettings = {
  NATS_URL: text(),
  NATS_PASSWORD: text(),
  NATS_CA: certificates().optional(),
  DATABASE_CA: certificates().optional(),
  OPERATOR_TOKEN: secret(),
  /** The port that every container has for the platform and for operators. */
  MANAGEMENT_PORT: withDefault(port(), '9090'),
  ...Object.fromEntries(
    services.flatMap(({ database }) => (database === undefined ? [] : [[databaseSetting(database), text()]])),
  ),
};

/**
 * The network that this process is in itself, as a container beside the others: addresses of instances come from DNS,
 * everything else from the environment. Logs are the platform's: it reads none of them here.
 * @param addressesOf Addresses of a service, or none. Default: all that DNS returns for its headless Service on
 * Kubernetes, or for its name, as in Compose; that is one for each instance.
 * @throws CommandFailed naming every setting that is missing or wrong
 */
export function insideTarget(
  env: Readonly<Record<string, string | undefined>>,
  addressesOf: (name: string) => Promise<readonly string[]> = addressesInDns,
): SystemTarget {
  const settings = read(env);
  let connection: Promise<NatsConnection> | undefined;
  return {
    name: `inside, beside ${settings.NATS_URL}`,
    dataFolders: [],
    hasMigrations: false,
    nats: () => (connection ??= connectAsOperator(settings.NATS_URL, settings.NATS_PASSWORD, trust(settings.NATS_CA))),
    databaseUrl: (service) => {
      const database = services.find(({ name }) => name === service)?.database;
      const urls: Readonly<Record<string, unknown>> = settings;
      return Promise.resolve(
        database === undefined
          ? undefined
          : addressOf(String(urls[databaseSetting(database)]), trust(settings.DATABASE_CA)),
      );
    },
    instances: async (only) => {
      const names = serviceNames.filter((name) => only === undefined || name === only);
      const found = await Promise.all(
        names.map(async (service) =>
          Promise.all((await addressesOf(service)).map((address) => instanceAt(service, address, settings))),
        ),
      );
      return found.flat();
    },
    logs: () =>
      Promise.reject(
        new CommandFailed(
          'a container does not see the logs of others',
          'Ask the platform: docker compose logs user, kubectl logs deployment/user, or Kibana.',
        ),
      ),
    trace: () => Promise.resolve(undefined),
    close: async () => {
      await (await connection?.catch(() => undefined))?.close();
    },
  };
}

const trust = (ca: string | undefined): ServerTrust | undefined => (ca === undefined ? undefined : { ca });

function read(env: Readonly<Record<string, string | undefined>>) {
  try {
    return loadSettings(insideSettings, env);
  } catch (error) {
    if (!(error instanceof SettingsInvalid)) throw error;
    const remedy = 'From a laptop leave --inside away, and name the place with --folder, --compose or --context.';
    throw new CommandFailed(error.message, remedy, { cause: error });
  }
}

async function instanceAt(
  service: ServiceName,
  address: string,
  settings: { readonly MANAGEMENT_PORT: number; readonly OPERATOR_TOKEN: string },
): Promise<KnownInstance> {
  // Docker knows the name of the container; elsewhere the address has to do.
  const [name] = await reverse(address).catch(() => []);
  const host = isIPv6(address) ? `[${address}]` : address;
  return {
    service,
    id: name?.split('.')[0] ?? address,
    managementUrl: `http://${host}:${settings.MANAGEMENT_PORT}`,
    token: settings.OPERATOR_TOKEN,
  };
}

async function addressesInDns(service: string): Promise<readonly string[]> {
  const pods = await addressesBehind(`${service}-headless`);
  return pods.length > 0 ? pods : addressesBehind(service);
}

async function addressesBehind(name: string): Promise<readonly string[]> {
  try {
    return [...new Set((await lookUp(name, { all: true })).map(({ address }) => address))].sort();
  } catch (error) {
    // A service that has no instance has no name either.
    if ((error as NodeJS.ErrnoException).code === 'ENOTFOUND') return [];
    throw new CommandFailed(`DNS does not answer for ${name}`, 'Is this container in the network of the others?', {
      cause: error,
    });
  }
}
