import { output } from '@causeway/launcher/run';
import { serviceNames, type ServiceName } from '@causeway/system';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ServerTrust } from '@causeway/persistence/session';
import { addressOf } from './read-database.js';
import { CommandFailed } from '../failure.js';
import { childLines } from './child-lines.js';
import { connectAsOperator } from './connect.js';
import { forwardPort, type PortForward } from './port-forward.js';
import type { KnownInstance, LogSource, SystemTarget } from './target.js';

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
    readonly status: { readonly phase: string };
  }[];
}

interface RunningPod {
  readonly service: ServiceName;
  readonly name: string;
}

const managementPort = 9090;
const kubectlTimeoutMs = 20_000;

/**
 * A namespace of a cluster, through `kubectl` and with the rights of its user: to read Secrets and pods, and to open
 * port-forwards. Each is opened when a command needs it, and closed when the command ends.
 */
export function kubernetesTarget(context: string, namespace: string): SystemTarget {
  const place = ['--context', context, '--namespace', namespace];
  const forwards: Promise<PortForward>[] = [];
  const secrets = new Map<string, Promise<Readonly<Record<string, string>>>>();
  let connection: Promise<NatsConnection> | undefined;

  const kubectl = async (...args: readonly string[]): Promise<string> => {
    try {
      return await output(['kubectl', ...place, ...args], { timeoutMs: kubectlTimeoutMs });
    } catch (error) {
      throw new CommandFailed((error as Error).message, `Does kubectl --context ${context} reach the cluster?`);
    }
  };
  const forward = async (to: string, port: number): Promise<number> => {
    const opened = forwardPort(place, to, port);
    forwards.push(opened);
    return (await opened).port;
  };
  const valueIn = async (name: string, key: string): Promise<string | undefined> => {
    const read = secrets.get(name) ?? kubectl('get', 'secret', name, '--output', 'json').then(decoded);
    secrets.set(name, read);
    return (await read)[key];
  };
  const secret = async (name: string, key: string): Promise<string> => {
    const value = await valueIn(name, key);
    if (value === undefined)
      throw new CommandFailed(
        `the Secret ${name} in ${namespace} has no key ${key}`,
        'See docs/guides/own-cluster.md.',
      );
    return value;
  };
  const pods = async (only?: string): Promise<RunningPod[]> => {
    const selector = `app.kubernetes.io/component=service${only === undefined ? '' : `,app.kubernetes.io/name=${only}`}`;
    const { items } = JSON.parse(await kubectl('get', 'pods', '--selector', selector, '--output', 'json')) as PodList;
    return items
      .filter(({ status }) => status.phase === 'Running')
      .flatMap(({ metadata }) => {
        const service = serviceNames.find((name) => name === metadata.labels?.['app.kubernetes.io/name']);
        return service === undefined ? [] : [{ service, name: metadata.name }];
      });
  };

  return {
    name: `Kubernetes, context ${context}, namespace ${namespace}`,
    dataFolders: [],
    hasMigrations: true,
    nats: () =>
      (connection ??= (async () => {
        const password = await secret('nats', 'operator');
        const trust = trustOf(await valueIn('nats', 'NATS_CA'), 'nats');
        return connectAsOperator(`nats://127.0.0.1:${await forward('service/nats', 4222)}`, password, trust);
      })()),
    databaseUrl: async (service) => {
      const url = new URL(await secret(service, 'DATABASE_URL'));
      const ca = await valueIn(service, 'DATABASE_CA');
      const servername = url.hostname;
      // A database outside of the cluster has a name with dots, and is reached as it is.
      if (servername.includes('.')) return addressOf(url.href, trustOf(ca, servername));
      const port = await forward(`service/${url.hostname}`, Number(url.port || 5432));
      url.host = `127.0.0.1:${port}`;
      return addressOf(url.href, trustOf(ca, servername));
    },
    instances: async (only) =>
      Promise.all(
        (await pods(only)).map(async ({ service, name }): Promise<KnownInstance> => ({
          service,
          id: name,
          managementUrl: `http://127.0.0.1:${await forward(`pod/${name}`, managementPort)}`,
          token: await secret(service, 'OPERATOR_TOKEN'),
        })),
      ),
    logs: async () =>
      (await pods()).map(({ service, name }): LogSource => ({
        service,
        instance: name,
        lines: ({ follow, signal }) =>
          childLines(['kubectl', ...place, 'logs', name, ...(follow ? ['--follow'] : [])], signal),
      })),
    trace: () => Promise.resolve(undefined),
    close: async () => {
      await (await connection?.catch(() => undefined))?.close();
      await Promise.all(forwards.map(async (opened) => (await opened.catch(() => undefined))?.close()));
    },
  };
}

/** At the other end of a tunnel a server still has to be the one of its name. */
const trustOf = (ca: string | undefined, servername: string): ServerTrust | undefined =>
  ca === undefined ? undefined : { ca, servername };

function decoded(json: string): Record<string, string> {
  const { data = {} } = JSON.parse(json) as { data?: Readonly<Record<string, string>> };
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}
