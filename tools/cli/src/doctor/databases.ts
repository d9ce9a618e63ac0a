import { migrationsOf } from '@causeway/launcher/schema';
import { services } from '@causeway/system';
import { readDatabase, type DatabaseAddress } from '../target/read-database.js';
import type { SystemTarget } from '../target/target.js';
import type { CheckFinding, DoctorCheck } from './check.js';

/** What timers, leases and tokens bear. */
const mostSkewMs = 2_000;
/** A message waits for milliseconds; longer means that the broker or the relay has a problem. */
const mostUnsentMs = 30_000;

/** For each service with a database: is it there, is its clock right, has it all migrations, is its outbox empty? */
export const databaseChecks = (target: SystemTarget): DoctorCheck[] => {
  const { examples = [] } = target;
  const inPlace = services.filter(({ name }) => !examples.some((example) => example.name === name));
  return [
    ...inPlace
      .filter(({ database }) => database !== undefined)
      .flatMap(({ name, nats }) => checksOf(target, name, nats)),
    // Their migrations are theirs to know, and they start only when all are applied.
    ...examples.flatMap(({ name }) => checksOf({ ...target, hasMigrations: false }, name, true)),
  ];
};

function checksOf(target: SystemTarget, name: string, nats?: true): DoctorCheck[] {
  const url = async (): Promise<DatabaseAddress> => (await target.databaseUrl(name)) ?? '';
  return [
    { name: `database of ${name}`, finding: async () => serverFinding(await url()) },
    ...(target.hasMigrations
      ? [{ name: `migrations of ${name}`, finding: async () => migrationsFinding(name, await url()) }]
      : []),
    ...(nats ? [{ name: `outbox of ${name}`, finding: async () => outboxFinding(await url()) }] : []),
  ];
}

async function serverFinding(url: DatabaseAddress): Promise<CheckFinding> {
  const begun = Date.now();
  const [row] = await readDatabase(url, (query) =>
    query<{ now: Date; version: string }>(
      "SELECT clock_timestamp() AS now, current_setting('server_version') AS version",
    ),
  );
  // The server read its clock somewhere between the two.
  const skew = Math.max(0, begun - (row?.now.getTime() ?? 0), (row?.now.getTime() ?? 0) - Date.now());
  return {
    ok: skew <= mostSkewMs,
    detail: `PostgreSQL ${row?.version}, its clock is off by ${skew <= mostSkewMs ? 'less than 2' : Math.round(skew / 1_000)} s`,
    remedy: 'Let NTP set the clocks of both machines.',
  };
}

async function migrationsFinding(service: string, url: DatabaseAddress): Promise<CheckFinding> {
  const [{ verifyMigrations, MigrationsPending }, { migrations }] = await Promise.all([
    import('@causeway/persistence'),
    migrationsOf(service),
  ]);
  return readDatabase(url, async (query) => {
    const database = {
      query: async (text: string, values?: unknown[]) => ({ rows: await query(text, values), rowCount: null }),
    };
    try {
      await verifyMigrations(database, migrations);
      return { ok: true, detail: 'all applied' };
    } catch (error) {
      if (!(error instanceof MigrationsPending)) throw error;
      return { ok: false, detail: error.message, remedy: error.remedy };
    }
  });
}

async function outboxFinding(url: DatabaseAddress): Promise<CheckFinding> {
  const [row] = await readDatabase(url, (query) =>
    query<{ unsent: number; age_ms: string | null }>(
      `SELECT count(*)::int AS unsent, 1000 * extract(epoch FROM clock_timestamp() - min(created_at)) AS age_ms
         FROM causeway.outbox WHERE status = 'pending'`,
    ),
  );
  const ageMs = Number(row?.age_ms ?? 0);
  return {
    ok: ageMs <= mostUnsentMs,
    detail: `${row?.unsent} unsent${ageMs > 0 ? `, the oldest for ${Math.round(ageMs / 1_000)} s` : ''}`,
    remedy: 'npx causeway outbox',
  };
}
