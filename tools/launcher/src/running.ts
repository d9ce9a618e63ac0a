import type { TraceReceiver } from '@causeway/demo-client';
import type { Certificates } from './certificates.js';
import type { FolderLock, FoundExample } from './folder-lock.js';
import type { NatsServer } from './nats.js';
import type { Observers } from './observers.js';
import type { PostgresServer } from './postgres.js';
import type { RunnableExample } from './examples/load-examples.js';
import type { Secrets } from './secrets.js';
import type { ServiceInstance } from './service-instance.js';
import type { sideWrites, watchDisk } from './side-writes.js';
import type { ServiceName } from '@causeway/system';
import type { Watchdog } from './watchdog.js';
import { stopOrderOf, type Paths, type Ports, type RunningService } from './wiring.js';

export interface SystemOptions {
  /**
   * Where data, secrets and logs are kept. Default `.causeway` in the repository. One launcher at a time may use it.
   */
  readonly folder?: string;
  /**
   * `laptop` (default): 3000 and so on, the next free where one is in use. `any`: free ports, for a system beside a
   * running one.
   */
  readonly ports?: 'laptop' | 'any';
  /** Processes of each service. Default 1. */
  readonly instances?: Partial<Record<ServiceName, number>>;
  /** Settings over those that the launcher gives, by service; `all` for every one. */
  readonly env?: Partial<Record<ServiceName | 'all', Readonly<Record<string, string>>>>;
  /** Forget the data of earlier starts. Default false. */
  readonly fresh?: boolean;
  /** False: PostgreSQL does not fsync. For tests. Default true. */
  readonly durable?: boolean;
  /** Prometheus and Alertmanager run beside it. Default false. */
  readonly observe?: boolean;
  /** PostgreSQL and NATS encrypt every connection, and take no other. Default false. */
  readonly tls?: boolean;
  /** Services that run besides the list, or in place of one of it. Default none. */
  readonly examples?: readonly RunnableExample[];
  /** Restart a process that ended by itself, after 1 s, 2 s, 4 s, at most 10 s. Default false. */
  readonly supervise?: boolean;
  /** Aborts the start: everything stops and the promise rejects. No effect after the start. */
  readonly signal?: AbortSignal;
  /** Receives progress, a line at a time. Default: none. */
  readonly log?: (line: string) => void;
  /** Receives problems of the running system. Default: `log`. */
  readonly warn?: (line: string) => void;
}

/** Everything that a stop has to undo, in the order of the start. */
export interface Running {
  /** The list of services, with the examples in it. */
  readonly services: readonly RunningService[];
  readonly examples: readonly RunnableExample[];
  readonly paths: Paths;
  readonly ports: Ports;
  readonly releasePorts: () => void;
  readonly secrets: Secrets;
  /** With TLS. */
  readonly certificates?: Certificates;
  readonly lock: FolderLock;
  readonly watchdog: Watchdog;
  readonly say: (line: string) => void;
  readonly warn: (line: string) => void;
  readonly sideWrite: ReturnType<typeof sideWrites>;
  readonly instances: ServiceInstance[];
  /** The stop has begun: nothing is started again. */
  stopping: boolean;
  stopped?: Promise<void>;
  postgres?: PostgresServer;
  nats?: NatsServer;
  traces?: TraceReceiver;
  observers?: Observers;
  disk?: ReturnType<typeof watchDisk>;
}

/** Stops once; later calls wait for the same stop. */
export function stop(running: Running): Promise<void> {
  running.stopped ??= stopInOrder(running).finally(() => {
    running.releasePorts();
    running.lock.release();
  });
  return running.stopped;
}

/** May be called during a start, and again after it. */
export async function stopInOrder(running: Running): Promise<void> {
  running.stopping = true;
  const { services } = running;
  running.disk?.stop();
  await running.observers?.stop();
  for (const order of [...new Set(services.map(stopOrderOf))].sort((a, b) => a - b)) {
    const names: readonly string[] = services
      .filter((service) => stopOrderOf(service) === order)
      .map(({ name }) => name);
    await Promise.all(
      running.instances.filter(({ service }) => names.includes(service)).map((instance) => instance.stop('SIGINT')),
    );
  }
  await running.nats?.stop();
  await running.postgres?.stop();
  await running.traces?.stop();
}

/** Records the running processes for the next start after a crash: see `lockFolder`. */
export function note({ lock, watchdog, ports, stopping, sideWrite, examples, certificates }: Running): void {
  if (stopping) return;
  const gateway = `http://127.0.0.1:${ports.services.gateway[0]?.port}`;
  sideWrite(lock.file, 'after a crash the next start would not know everything that is left running', () =>
    lock.update({
      ...{ gateway, ports, children: watchdog.watched, examples: examples.map(foundExample) },
      tls: certificates !== undefined,
    }),
  );
}

const foundExample = ({ name, database }: RunnableExample): FoundExample => ({ name, database });
