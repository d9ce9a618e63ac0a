import type { DatabaseAddress } from './read-database.js';
import type { TraceSpan } from '@causeway/demo-client';
import type { NatsConnection } from '@nats-io/transport-node';

/** One process of a service, as the place where it runs knows it. */
export interface KnownInstance {
  /** One of the list, or an example that runs with it. */
  readonly service: string;
  /** `user-1`; elsewhere the name of the container or pod. */
  readonly id: string;
  /** Base URL of its management port, reachable from here. */
  readonly managementUrl: string;
  /** Of the role operator. */
  readonly token: string;
}

/** A log to read, oldest line first. */
export interface LogSource {
  readonly service: string;
  readonly instance: string;
  /** @param follow Keep reading until `signal` aborts. */
  lines(options: { readonly follow: boolean; readonly signal: AbortSignal }): AsyncIterable<string>;
}

/** Where a system runs, and how to reach its parts from here. What is opened on the way is closed by `close`. */
export interface SystemTarget {
  /** For people: `laptop, /home/ada/causeway/.causeway`. */
  readonly name: string;
  /** As the account `operator` of the broker. */
  nats(): Promise<NatsConnection>;
  /** @returns undefined for a service without a database */
  databaseUrl(service: string): Promise<DatabaseAddress | undefined>;
  /** @param service Only its instances: each may need a connection of its own. Default: all. */
  instances(service?: string): Promise<readonly KnownInstance[]>;
  /** Services that run beside the list or in place of one of it, each with its database. Default none. */
  readonly examples?: readonly { readonly name: string; readonly database: string }[];
  /** Whether the services' migrations are on this machine, to compare databases with. */
  readonly hasMigrations: boolean;
  logs(): Promise<readonly LogSource[]>;
  /** Folders of this machine that hold data, and must not run full. */
  readonly dataFolders: readonly string[];
  /** @returns undefined when nothing here keeps traces */
  trace(traceId: string): Promise<readonly TraceSpan[] | undefined>;
  close(): Promise<void>;
}
