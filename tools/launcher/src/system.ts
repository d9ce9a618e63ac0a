import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { reachableFolder, unprivilegedAccount } from './account.js';
import { warmCompileCache } from './compile-cache.js';
import { lockFolder, type FolderLock } from './folder-lock.js';
import { startNats, type NatsServer } from './nats.js';
import { entryOf, nodeForServices } from './places.js';
import { startPostgres, type PostgresServer } from './postgres.js';
import { migrateDatabase, provisionTopology } from './schema.js';
import { loadSecrets, type Secrets } from './secrets.js';
import { describeExit, ServiceInstance } from './service-instance.js';
import {
  clientId,
  machineClientId,
  serviceNames,
  services,
  type ServiceDefinition,
  type ServiceName,
  type Wiring,
} from './services.js';
import { startTraceSink, type TraceSink, type TraceSpan } from './trace-sink.js';
import { Watchdog } from './watchdog.js';
import { choosePorts, commonSettings, pathsIn, type Paths, type Ports } from './wiring.js';

export interface SystemOptions {
  /** Where data, secrets and logs are kept. Default `.causeway` in the repository. One launcher at a time may use it. */
  readonly folder?: string;
  /** `laptop` (default): 3000 and so on, the next free where one is in use. `any`: free ports, for a system beside a running one. */
  readonly ports?: 'laptop' | 'any';
  /** Processes of each service. Default 1. */
  readonly instances?: Partial<Record<ServiceName, number>>;
  /** Settings over those that the launcher gives, by service; `all` for every one. */
  readonly env?: Partial<Record<ServiceName | 'all', Readonly<Record<string, string>>>>;
  /** Forget the data of earlier starts. Default false. */
  readonly fresh?: boolean;
  /** False: PostgreSQL does not fsync. For tests. Default true. */
  readonly durable?: boolean;
  /** Start a service again that ended by itself, after 1 s, 2 s, 4 s, at most 10 s. Default false. */
  readonly supervise?: boolean;
  /** Ends a start that is under way: what has been started is stopped and the promise rejects. No effect later. */
  readonly signal?: AbortSignal;
  /** Told what happens, a line at a time. Default: nothing is said. */
  readonly log?: (line: string) => void;
  /** Told what goes wrong while the system runs. Default: `log`. */
  readonly warn?: (line: string) => void;
}

/** A running system. */
export interface System {
  readonly folder: string;
  readonly urls: { readonly gateway: string; readonly psp: string; readonly nats: string; readonly traces: string };
  readonly services: readonly ServiceInstance[];
  readonly secrets: Secrets;
  readonly oidc: {
    readonly issuer: string;
    /** The public client of people and the one redirect URI it has. */
    readonly clientId: string;
    readonly redirectUri: string;
    readonly machineClientId: string;
    readonly machineSecret: string;
  };
  readonly postgres: PostgresServer;
  readonly nats: NatsServer;
  /** With the rights of the service. @throws for a service without a database */
  databaseUrl(service: ServiceName): string;
  /** What is known of a trace so far, oldest span first. Services export every half second. */
  trace(traceId: string): readonly TraceSpan[];
  /** Stops everything in order: gateway, services, psp-sandbox, NATS, PostgreSQL. The data stays. */
  stop(): Promise<void>;
}

/** Everything that has to be undone, in the order in which it was done. */
interface Running {
  readonly paths: Paths;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly lock: FolderLock;
  readonly watchdog: Watchdog;
  readonly say: (line: string) => void;
  readonly warn: (line: string) => void;
  readonly instances: ServiceInstance[];
  /** The stop has begun: nothing is started again. */
  stopping: boolean;
  stopped?: Promise<void>;
  postgres?: PostgresServer;
  nats?: NatsServer;
  traces?: TraceSink;
}

/**
 * Starts the whole system and comes back when every part is ready: 3–5 s warm.
 * @throws AlreadyRunning when another launcher uses the folder; otherwise an Error that names the part and shows the end of its log.
 * Whatever had been started is stopped again.
 */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const say = options.log ?? (() => undefined);
  const paths = pathsIn(options.folder);
  const lock = await lockFolder(paths.folder, say);
  let running: Running | undefined;
  try {
    if (options.fresh) forget(paths);
    const { secrets, created } = loadSecrets(paths.folder, serviceNames);
    if (created) dropOrphanedCluster(paths, say);
    const ports = await choosePorts(options.ports ?? 'laptop', options.instances ?? {}, say);
    const warn = options.warn ?? say;
    running = { paths, ports, secrets, lock, watchdog: new Watchdog(), say, warn, instances: [], stopping: false };
    return await abortable(running, options);
  } catch (error) {
    if (running) await stop(running);
    else lock.release();
    throw error;
  }
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
  const { paths, ports, secrets, watchdog, say } = running;
  const begun = performance.now();
  const [, postgres, nats, traces] = await settled([
    warmCompileCache(paths.compileCache, paths.log('compile-cache'), watchdog),
    startPostgres({
      folder: paths.postgres,
      logFile: paths.log('postgres'),
      password: secrets.postgres,
      port: ports.postgres,
      durable: options.durable,
      watchdog,
    }).then((server) => (running.postgres = server)),
    startNats({
      folder: paths.nats,
      logFile: paths.log('nats'),
      port: ports.nats,
      watchdog,
      log: say,
      signal: options.signal,
    }).then((server) => (running.nats = server)),
    startTraceSink(ports.traces).then((sink) => (running.traces = sink)),
  ]);
  note(running);
  options.signal?.throwIfAborted();
  say(`PostgreSQL (${postgres.port}) and NATS (${nats.port}) run after ${seconds(begun)}`);
  const urls = await prepareData(running, postgres, nats);
  options.signal?.throwIfAborted();
  running.instances.push(...instancesOf(running, options, urls));
  say(`starting ${running.instances.length} processes`);
  await settled(running.instances.map((instance) => instance.start()));
  return systemOf(running, postgres, nats, traces, urls);
}

type DatabaseUrls = Partial<Record<ServiceName, string>>;

async function prepareData(
  { secrets, say }: Running,
  postgres: PostgresServer,
  nats: NatsServer,
): Promise<DatabaseUrls> {
  const begun = performance.now();
  const urls: DatabaseUrls = {};
  const own = services.filter(({ database }) => database);
  // One after the other: CREATE DATABASE copies a template that nobody else may be using.
  for (const { name } of own)
    urls[name] = await postgres.ensureDatabase(databaseName(name), databaseName(name), secrets.databases[name]);
  const [topology, ...migrations] = await settled([
    provisionTopology(nats.url),
    ...own.map((definition) => migrateDatabase(definition, urls[definition.name] as string)),
  ]);
  const applied = migrations.reduce((sum, count) => sum + count, 0);
  say(
    `databases and topology are ready after ${seconds(begun)} (${applied} migrations applied, ${topology} changes of the topology)`,
  );
  return urls;
}

const databaseName = (service: ServiceName): string => service.replaceAll('-', '_');

function instancesOf(running: Running, options: SystemOptions, databaseUrls: DatabaseUrls): ServiceInstance[] {
  const { paths, ports, secrets, watchdog } = running;
  const url = Object.fromEntries(
    serviceNames.map((name) => [name, `http://127.0.0.1:${ports.services[name][0]?.port}`]),
  ) as Wiring['url'];
  const wiring: Wiring = { secrets, url, redirectUri: `${url.gateway}/callback` };
  const node = nodeForServices();
  const one = (
    definition: ServiceDefinition,
    address: Ports['services'][ServiceName][number],
    index: number,
  ): ServiceInstance => {
    const { name, stopOrder } = definition;
    const number = index + 1;
    const common = commonSettings({
      definition,
      number,
      address,
      paths,
      traces: running.traces?.url ?? '',
      nats: running.nats?.url ?? '',
      databaseUrl: databaseUrls[name],
      managementToken: secrets.managementToken,
    });
    return new ServiceInstance({
      service: name,
      number,
      node,
      entry: entryOf(name),
      env: { ...common, ...definition.settings(wiring), ...options.env?.all, ...options.env?.[name] },
      ...address,
      logFile: paths.log(`${name}-${number}`),
      stopOrder,
      watchdog,
      onChange: () => note(running),
      onLost: (instance, exit) => {
        running.warn(`${instance.id} ended (${describeExit(exit)}); its log: ${instance.logFile}`);
        if (options.supervise) void revive(running, instance);
      },
    });
  };
  return services.flatMap((definition) =>
    ports.services[definition.name].map((address, index) => one(definition, address, index)),
  );
}

/** Starts an instance again until it stays or the system stops; each attempt waits longer than the one before. */
async function revive(running: Running, instance: ServiceInstance): Promise<void> {
  for (let delayMs = 1_000; !running.stopping; delayMs = Math.min(delayMs * 2, 10_000)) {
    await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
    if (running.stopping || instance.running) return;
    try {
      await instance.start();
      running.say(`${instance.id} runs again (process ${instance.pid}, ready in ${instance.readyMs} ms)`);
      return;
    } catch (error) {
      running.warn((error as Error).message);
    }
  }
}

function systemOf(
  running: Running,
  postgres: PostgresServer,
  nats: NatsServer,
  traces: TraceSink,
  databaseUrls: DatabaseUrls,
): System {
  const { paths, ports, secrets, instances } = running;
  const url = (service: ServiceName): string => `http://127.0.0.1:${ports.services[service][0]?.port}`;
  const gateway = url('gateway');
  return {
    folder: paths.folder,
    urls: { gateway, psp: url('psp-sandbox'), nats: nats.url, traces: traces.url },
    services: instances,
    secrets,
    oidc: {
      issuer: `${gateway}/oidc`,
      clientId,
      redirectUri: `${gateway}/callback`,
      machineClientId,
      machineSecret: secrets.machineSecret,
    },
    postgres,
    nats,
    databaseUrl: (service) => {
      const found = databaseUrls[service];
      if (!found) throw new Error(`${service} has no database`);
      return found;
    },
    trace: traces.trace,
    stop: () => stop(running),
  };
}

function stop(running: Running): Promise<void> {
  running.stopped ??= stopInOrder(running).finally(running.lock.release);
  return running.stopped;
}

async function stopInOrder(running: Running): Promise<void> {
  running.stopping = true;
  for (const order of [...new Set(services.map(({ stopOrder }) => stopOrder))].sort((a, b) => a - b)) {
    const names = services.filter(({ stopOrder }) => stopOrder === order).map(({ name }) => name);
    await Promise.all(
      running.instances.filter(({ service }) => names.includes(service)).map((instance) => instance.stop()),
    );
  }
  await running.nats?.stop();
  await running.postgres?.stop();
  await running.traces?.stop();
}

/** For whoever comes after a crash: see `lockFolder`. */
function note({ lock, watchdog, ports, stopping }: Running): void {
  if (!stopping)
    lock.update({ gateway: `http://127.0.0.1:${ports.services.gateway[0]?.port}`, children: watchdog.watched });
}

function forget(paths: Paths): void {
  for (const path of [clusterFolder(paths), paths.postgres, paths.nats, paths.logs, `${paths.folder}/secrets.json`]) {
    rmSync(path, { recursive: true, force: true });
  }
}

/** As root the cluster may live outside the data folder, and survive its removal: without the secrets it is of no use. */
function dropOrphanedCluster(paths: Paths, say: (line: string) => void): void {
  const folder = clusterFolder(paths);
  if (folder === paths.postgres) return;
  rmSync(folder, { recursive: true, force: true });
  say(
    `PostgreSQL keeps its data in ${dirname(folder)}: it does not run as root, and other accounts cannot reach this folder`,
  );
}

const clusterFolder = (paths: Paths): string => reachableFolder(unprivilegedAccount(), paths.postgres);

/** All or the first failure, but only after every one has come to an end: what started late would be overlooked by `stop`. */
async function settled<T extends readonly unknown[]>(
  work: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

const seconds = (begun: number): string => `${((performance.now() - begun) / 1000).toFixed(1)} s`;
