import type { Endpoints, TraceReceiver, TraceSpan } from '@causeway/demo-client';
import { natsAccounts, serviceNames, servicesWith, type ServiceName } from '@causeway/system';
import { buildInfo } from './build-info.js';
import { makeCertificates, trustIn, type TrustedServers } from './certificates.js';
import { warmCompileCache } from './compile-cache.js';
import { lockFolder } from './folder-lock.js';
import {
  dropOrphanedCluster,
  forget,
  prepareData,
  seconds,
  startNatsOf,
  startPostgresOf,
  startTracesOf,
  type DatabasesOfServices,
} from './infrastructure.js';
import type { NatsServer } from './nats.js';
import { startObservers } from './observers.js';
import type { PostgresServer } from './postgres.js';
import { repository } from './places.js';
import { instancesOf } from './processes.js';
import { allOf, named } from './progress.js';
import { note, stop, stopInOrder, type Running, type SystemOptions } from './running.js';
import { loadSecrets, type Secrets } from './secrets.js';
import type { ServiceInstance } from './service-instance.js';
import { sideWrites, watchDisk } from './side-writes.js';
import { Watchdog } from './watchdog.js';
import { choosePorts, pathsIn } from './wiring.js';

const clientId = 'causeway-demo';
const machineClientId = 'causeway-ops';

/** A running system. */
export interface System {
  readonly folder: string;
  readonly urls: {
    readonly gateway: string;
    // demo
    readonly psp: string;
    // end demo
    readonly nats: string;
    readonly traces: string;
    /** With `observe`. */
    readonly prometheus?: string;
    readonly alertmanager?: string;
  };
  readonly services: readonly ServiceInstance[];
  readonly secrets: Secrets;
  /** For a `Customer` of @causeway/demo-client. */
  readonly endpoints: Endpoints;
  readonly oidc: Endpoints['oidc'] & {
    readonly machineClientId: string;
    readonly machineSecret: string;
  };
  /** Who vouches for PostgreSQL and NATS; undefined: nothing is encrypted. */
  readonly trust?: TrustedServers;
  readonly postgres: PostgresServer;
  readonly nats: NatsServer;
  /** With the rights of the service. @throws for a service without a database */
  databaseUrl(service: ServiceName | (string & {})): string;
  /** Returns the spans of a trace so far, oldest first. Services export every half second. */
  trace(traceId: string): readonly TraceSpan[];
  /** Stops everything in order: gateway, services, NATS, PostgreSQL. The data stays. */
  stop(): Promise<void>;
}

/**
 * Starts the whole system and waits until every part is ready: 3–5 s warm.
 * @throws AlreadyRunning when another launcher uses the folder; otherwise an Error that names the part and shows the
 * end of its log. Everything that was started is stopped again.
 */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const say = options.log ?? (() => undefined);
  const paths = pathsIn(options.folder);
  const lock = await lockFolder(paths.folder, say);
  let running: Running | undefined;
  try {
    if (options.fresh) forget(paths);
    const { examples = [] } = options;
    const services = servicesWith(examples);
    const { secrets, created } = loadSecrets(paths.folder, {
      services: [...serviceNames, ...examples.map(({ database }) => database)],
      accounts: [...new Set([...natsAccounts, ...examples.map(({ name }) => name)])],
    });
    if (created) dropOrphanedCluster(paths, say);
    const certificates = options.tls ? makeCertificates(paths.certificates) : undefined;
    const claimed = await choosePorts(options.ports ?? 'laptop', services, options.instances ?? {}, say);
    const warn = options.warn ?? say;
    const watchdog = new Watchdog();
    const sideWrite = sideWrites(warn);
    running = {
      ...{ services, examples, paths, ...claimed, secrets, certificates, lock, watchdog, say, warn, sideWrite },
      instances: [],
      stopping: false,
    };
    if (options.supervise) watchDiskOf(running);
    return await abortable(running, options);
  } catch (error) {
    if (running) await stop(running);
    else lock.release();
    throw error;
  }
}

function watchDiskOf(running: Running): void {
  running.disk = watchDisk(running.paths.folder, { warn: running.warn, recovered: () => note(running) });
  running.disk.look();
}

async function abortable(running: Running, options: SystemOptions): Promise<System> {
  // Ending the processes makes every wait for them fail.
  const onAbort = (): void => void stopInOrder(running);
  options.signal?.addEventListener('abort', onAbort);
  try {
    const system = await start(running, options);
    options.signal?.throwIfAborted();
    return system;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}

async function start(running: Running, options: SystemOptions): Promise<System> {
  const { paths, watchdog, say } = running;
  const begun = performance.now();
  const [, postgres, nats, traces] = await allOf(say, [
    named(
      'the compile cache',
      warmCompileCache(paths.compileCache, paths.log('compile-cache'), watchdog, running.sideWrite),
    ),
    named('PostgreSQL', startPostgresOf(running, options)),
    named('NATS', startNatsOf(running, options)),
    named('the trace receiver', startTracesOf(running)),
  ]);
  note(running);
  options.signal?.throwIfAborted();
  say(`PostgreSQL (${postgres.port}) and NATS (${nats.port}) run after ${seconds(begun)}`);
  const urls = await prepareData(running, postgres);
  options.signal?.throwIfAborted();
  running.instances.push(...instancesOf(running, options, urls, await buildInfo(repository)));
  say(`starting ${running.instances.length} processes`);
  await allOf<unknown[]>(say, [
    ...running.instances.map((instance) => named(instance.id, instance.start())),
    ...(options.observe ? [named('Prometheus and Alertmanager', startObservers(running, options))] : []),
  ]);
  return systemOf(running, postgres, nats, traces, urls);
}

const urlsOf = (observers: Running['observers']): Pick<System['urls'], 'prometheus' | 'alertmanager'> =>
  observers ? { prometheus: observers.prometheus, alertmanager: observers.alertmanager } : {};

function systemOf(
  running: Running,
  postgres: PostgresServer,
  nats: NatsServer,
  traces: TraceReceiver,
  databases: DatabasesOfServices,
): System {
  const { paths, ports, secrets, instances } = running;
  const url = (service: ServiceName): string => `http://127.0.0.1:${ports.services[service][0]?.port}`;
  const gateway = url('gateway');
  const oidc = { issuer: `${gateway}/oidc`, clientId, redirectUri: `${gateway}/callback` };
  return {
    folder: paths.folder,
    urls: {
      gateway,
      // demo
      psp: url('psp-sandbox'),
      // end demo
      nats: nats.url,
      traces: traces.url,
      ...urlsOf(running.observers),
    },
    services: instances,
    secrets,
    endpoints: { gateway, oidc },
    oidc: { ...oidc, machineClientId, machineSecret: secrets.machineSecret },
    trust: running.certificates && trustIn(paths.certificates),
    postgres,
    nats,
    databaseUrl: (service) => {
      const found = databases[service]?.url;
      if (!found) throw new Error(`${service} has no database`);
      return found;
    },
    trace: traces.trace,
    stop: () => stop(running),
  };
}
