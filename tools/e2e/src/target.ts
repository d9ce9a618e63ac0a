import { readFile } from 'node:fs/promises';
import { sessionConfig, type ServerTrust } from '@causeway/persistence/session';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import type { Endpoints, TraceSpan } from '@causeway/demo-client';
import type { ServiceInstance, System } from '@causeway/launcher';
import type { ServiceName } from '@causeway/system';

/**
 * A running system under test: processes that the launcher has started, or containers. It is all that tests know of the
 * system.
 */
export interface Target {
  readonly urls: {
    readonly gateway: string;
    // demo
    readonly psp: string;
    // end demo
  };
  /** For a `Customer`. */
  readonly endpoints: Endpoints;
  readonly oidc: System['oidc'];
  // demo
  readonly secrets: Pick<System['secrets'], 'pspApiKey' | 'pspWebhookSecret'>;
  // end demo
  readonly services: readonly Instance[];
  readonly postgres: Server;
  readonly nats: Server;
  /** With what this account of the broker may do. */
  connectNats(account: ServiceName | 'provisioner'): Promise<NatsConnection>;
  /** Every row of every table of a database, as text. @param database As the list of services names it. */
  rowsOf(database: string): Promise<string>;
  /** Returns the spans of a trace so far. */
  trace(traceId: string): Promise<readonly TraceSpan[]>;
  stop(): Promise<void>;
}

export interface Instance {
  /** One of the list, or an example. */
  readonly service: string;
  /** `user-1`; of a container its id. */
  readonly id: string;
  isRunning(): Promise<boolean>;
  /** SIGKILL. */
  kill(): Promise<unknown>;
  /** Sends SIGTERM and waits for the exit code. */
  stop(): Promise<{ readonly code: number | null } | undefined>;
  /** Starts the instance and waits until it is ready. */
  start(): Promise<void>;
  /** Everything it has logged so far, a line each. */
  log(): Promise<string[]>;
  /** What Prometheus gets of it. */
  metrics(): Promise<string>;
}

export interface Server {
  kill(): Promise<unknown>;
  restart(): Promise<void>;
}

/** Replies arrive where only this account may listen. */
export const connectAs = (
  servers: string,
  user: string,
  pass: string,
  tls?: { readonly ca: string },
): Promise<NatsConnection> =>
  connect({ servers, user, pass, ...(tls && { tls }), inboxPrefix: `_INBOX_${user}`, name: 'e2e' });

/** The launcher's processes as a target. */
export function processTarget(system: System): Target {
  return {
    urls: system.urls,
    endpoints: system.endpoints,
    oidc: system.oidc,
    // demo
    secrets: system.secrets,
    // end demo
    services: system.services.map(processInstance),
    postgres: system.postgres,
    nats: system.nats,
    connectNats: (account) =>
      connectAs(system.urls.nats, account, system.secrets.nats[account] ?? '', system.trust?.nats),
    rowsOf: (database) => readRows(system.postgres.url(database), system.trust?.postgres),
    trace: (traceId) => Promise.resolve(system.trace(traceId)),
    stop: () => system.stop(),
  };
}

async function readRows(url: string, trust?: ServerTrust): Promise<string> {
  const client = new pg.Client(sessionConfig(url, trust));
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    );
    const texts: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      texts.push(...rows.map(({ row }) => `${name} ${row}`));
    }
    return texts.join('\n');
  } finally {
    await client.end();
  }
}

export const linesOf = (text: string): string[] => text.split('\n').filter(Boolean);

const processInstance = (instance: ServiceInstance): Instance => ({
  service: instance.service,
  id: instance.id,
  isRunning: () => Promise.resolve(instance.running),
  kill: () => instance.kill(),
  stop: () => instance.stop(),
  start: () => instance.start(),
  log: async () => linesOf(await readFile(instance.logFile, 'utf8')),
  metrics: async () => (await fetch(`${instance.managementUrl}/metrics`)).text(),
});
