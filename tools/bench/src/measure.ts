import { readdirSync, readFileSync } from 'node:fs';
import type { System } from '@causeway/launcher';
import { sessionConfig } from '@causeway/persistence/session';
import pg from 'pg';

/** Ticks of `/proc/<pid>/stat` per second; 100 on every Linux that runs Node. */
const ticksPerSecond = 100;

/** CPU seconds that a process and its descendants, running or ended and waited for, have used. Linux only. */
export function cpuSeconds(pid: number): number {
  const children = new Map<number, number[]>();
  const ticks = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const fields = statOf(entry);
    if (!fields) continue;
    const [own, parent] = [Number(entry), Number(fields[1])];
    ticks.set(
      own,
      [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0),
    );
    children.set(parent, [...(children.get(parent) ?? []), own]);
  }
  const tree = [pid];
  for (const each of tree) tree.push(...(children.get(each) ?? []));
  return tree.reduce((sum, each) => sum + (ticks.get(each) ?? 0), 0) / ticksPerSecond;
}

/** The fields of `/proc/<pid>/stat` from the state on: the name before it may contain anything. */
function statOf(pid: string): string[] | undefined {
  if (!/^\d+$/.test(pid)) return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Everything that is counted, since the start of the server. */
export interface Counts {
  /** CPU seconds by process. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly commits: number;
  readonly walFlushes: number;
  readonly walBytes: number;
  /** Top-level statements, and the seconds that planning them took. */
  readonly statements: number;
  readonly planningSeconds: number;
}

/** Counts the work of a running system. The connection of the counter is left out where the server can tell. */
export class WorkCounter {
  private constructor(
    private readonly system: System,
    private readonly client: pg.Client,
  ) {}

  /** Restarts PostgreSQL with `pg_stat_statements`, which only a benchmark needs. */
  static async of(system: System): Promise<WorkCounter> {
    const setUp = await connect(system);
    await setUp.query(`ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`);
    await setUp.query(`ALTER SYSTEM SET pg_stat_statements.track_planning = on`);
    await setUp.query(`ALTER SYSTEM SET pg_stat_statements.max = 10000`);
    await setUp.end();
    await system.postgres.restart();
    const client = await connect(system);
    await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    return new WorkCounter(system, client);
  }

  /**
   * Stops autovacuum, for counts. Its workers commit, too, some two dozen times at once, and whether they run within a
   * window of seconds is chance. Benchmarks that measure time leave it on.
   */
  async stopAutovacuum(): Promise<void> {
    await this.client.query('ALTER SYSTEM SET autovacuum = off');
    await this.client.query('SELECT pg_reload_conf()');
  }

  async read(): Promise<Counts> {
    const { services, postgres, nats } = this.system;
    const processes = [
      ...services.map(({ id, pid }) => [id, pid] as const),
      ['PostgreSQL', postgres.pid] as const,
      ['NATS', nats.pid] as const,
    ];
    const { rows } = await this.client.query<Record<'commits' | 'flushes' | 'bytes' | 'calls' | 'planning', string>>(
      `SELECT (SELECT sum(xact_commit) FROM pg_stat_database WHERE datname NOT IN ('postgres', 'template1')) AS commits,
              (SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal') AS flushes,
              (SELECT wal_bytes FROM pg_stat_wal) AS bytes,
              (SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
                WHERE toplevel AND datname <> 'postgres') AS calls,
              (SELECT sum(total_plan_time) / 1000 FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
                WHERE toplevel AND datname <> 'postgres') AS planning`,
    );
    const { commits, flushes, bytes, calls, planning } = rows[0]!;
    return {
      cpu: Object.fromEntries(processes.map(([id, pid]) => [id, cpuSeconds(pid)])),
      commits: Number(commits),
      walFlushes: Number(flushes),
      walBytes: Number(bytes),
      statements: Number(calls ?? 0),
      planningSeconds: Number(planning ?? 0),
    };
  }

  /** The statements that were called most, for whoever looks for the next one to save. */
  async topStatements(
    limit: number,
  ): Promise<readonly { database: string; calls: number; ms: number; text: string }[]> {
    const { rows } = await this.client.query<{ database: string; calls: string; ms: number; text: string }>(
      `SELECT datname AS database, calls, total_plan_time + total_exec_time AS ms, left(regexp_replace(query, '\\s+', ' ', 'g'), 110) AS text
         FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE toplevel AND datname <> 'postgres' ORDER BY calls DESC LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ({ ...row, calls: Number(row.calls) }));
  }

  async resetStatements(): Promise<void> {
    await this.client.query('SELECT pg_stat_statements_reset()');
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}

async function connect(system: System): Promise<pg.Client> {
  const client = new pg.Client(sessionConfig(system.postgres.url()));
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export interface PerUnit extends Counts {
  readonly cpuTotal: number;
}

/** What `after` counts more than `before`, per unit of work. */
export function perUnit(before: Counts, after: Counts, units: number): PerUnit {
  const each = (name: Exclude<keyof Counts, 'cpu'>): number => (after[name] - before[name]) / units;
  const cpu = Object.fromEntries(
    Object.entries(after.cpu).map(([id, seconds]) => [id, (seconds - (before.cpu[id] ?? 0)) / units]),
  );
  return {
    cpu,
    cpuTotal: Object.values(cpu).reduce((sum, seconds) => sum + seconds, 0),
    commits: each('commits'),
    walFlushes: each('walFlushes'),
    walBytes: each('walBytes'),
    statements: each('statements'),
    planningSeconds: each('planningSeconds'),
  };
}
