import { randomUUID } from 'node:crypto';
import type { MigrationFile, MigrationSet } from './files.js';

/** The part of a `pg` client that the ledgers use. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

/** One recorded migration. */
export interface Recorded {
  readonly name: string;
  readonly checksum: string;
  /** False for a migration that began and neither finished nor was rolled back. */
  readonly finished: boolean;
}

/** Where applied migrations are recorded. */
export interface Ledger {
  /** Creates the table if it is missing. */
  create(db: Queryable): Promise<void>;
  /** @returns What is recorded; nothing if the table is missing. */
  read(db: Queryable): Promise<Recorded[]>;
  /** Records the start of a migration, in place of the record of an interrupted try. */
  begin(db: Queryable, file: MigrationFile): Promise<void>;
  finish(db: Queryable, file: MigrationFile): Promise<void>;
}

export const ledgerOf = ({ name, table }: MigrationSet): Ledger =>
  table === 'prisma' ? prismaLedger : causewayLedger(name);

const exists = async (db: Queryable, table: string): Promise<boolean> => {
  const { rows } = await db.query('SELECT to_regclass($1) IS NOT NULL AS exists', [table]);
  return (rows[0] as { exists: boolean }).exists;
};

/**
 * What is recorded is for `migrate` alone to change: every other role that has been granted rights to new tables, as the
 * one that a service runs with, may only read it.
 */
const readOnlyForOthers = (db: Queryable, table: string) =>
  db.query(`DO $$
    DECLARE holder oid;
    BEGIN
      FOR holder IN
        SELECT DISTINCT acl.grantee FROM pg_class c, aclexplode(c.relacl) acl
        WHERE c.oid = '${table}'::regclass AND acl.grantee NOT IN (0, c.relowner) AND acl.privilege_type <> 'SELECT'
      LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ${table} FROM %s', holder::regrole);
      END LOOP;
    END $$`);

/**
 * Exactly Prisma's table and rows (prisma-engines, sql-schema-connector/src/sql_migration_persistence.rs), so that
 * `prisma migrate status` agrees.
 */
const prismaLedger: Ledger = {
  async create(db) {
    await db.query(`CREATE TABLE IF NOT EXISTS public._prisma_migrations (
      id                      VARCHAR(36) PRIMARY KEY NOT NULL,
      checksum                VARCHAR(64) NOT NULL,
      finished_at             TIMESTAMPTZ,
      migration_name          VARCHAR(255) NOT NULL,
      logs                    TEXT,
      rolled_back_at          TIMESTAMPTZ,
      started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
      applied_steps_count     INTEGER NOT NULL DEFAULT 0
    )`);
    await readOnlyForOthers(db, 'public._prisma_migrations');
  },
  async read(db) {
    if (!(await exists(db, 'public._prisma_migrations'))) return [];
    const { rows } = await db.query(
      `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM public._prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
    );
    return rows as Recorded[];
  },
  async begin(db, file) {
    await db.query(
      `UPDATE public._prisma_migrations SET rolled_back_at = now()
       WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL`,
      [file.name],
    );
    // clock_timestamp: now() is the start of the transaction, and Prisma orders by started_at.
    await db.query(
      `INSERT INTO public._prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, clock_timestamp())`,
      [randomUUID(), file.checksum, file.name],
    );
  },
  async finish(db, file) {
    await db.query(
      `UPDATE public._prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1
       WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL`,
      [file.name],
    );
  },
};

async function createSchema(db: Queryable): Promise<void> {
  // Asked first: CREATE SCHEMA IF NOT EXISTS needs the right to create even where it creates nothing.
  const { rows } = await db.query(`SELECT 1 FROM pg_namespace WHERE nspname = 'causeway'`);
  if (rows.length === 0) await db.query('CREATE SCHEMA causeway');
}

const causewayLedger = (set: string): Ledger => ({
  async create(db) {
    await createSchema(db);
    await db.query(`CREATE TABLE IF NOT EXISTS causeway.migrations (
      set_name   text        NOT NULL,
      name       text        NOT NULL,
      checksum   text        NOT NULL,
      started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      applied_at timestamptz,
      PRIMARY KEY (set_name, name)
    )`);
    await readOnlyForOthers(db, 'causeway.migrations');
  },
  async read(db) {
    if (!(await exists(db, 'causeway.migrations'))) return [];
    const { rows } = await db.query(
      'SELECT name, checksum, applied_at IS NOT NULL AS finished FROM causeway.migrations WHERE set_name = $1',
      [set],
    );
    return rows as Recorded[];
  },
  async begin(db, file) {
    await db.query(
      `INSERT INTO causeway.migrations (set_name, name, checksum) VALUES ($1, $2, $3)
       ON CONFLICT (set_name, name) DO UPDATE SET checksum = EXCLUDED.checksum, started_at = clock_timestamp()`,
      [set, file.name, file.checksum],
    );
  },
  async finish(db, file) {
    await db.query('UPDATE causeway.migrations SET applied_at = clock_timestamp() WHERE set_name = $1 AND name = $2', [
      set,
      file.name,
    ]);
  },
});

/**
 * Every text of every repeatable script that this database has had, the newest last: rows are added, never changed. A
 * text that is in the history but not at its end was replaced on purpose, and an instance or Job of an older release
 * must not restore it.
 */
export const repeatableLedger = ({ name: set }: MigrationSet): Ledger => ({
  async create(db) {
    await createSchema(db);
    await db.query(`CREATE TABLE IF NOT EXISTS causeway.repeatable_scripts (
      position   bigint      GENERATED ALWAYS AS IDENTITY,
      set_name   text        NOT NULL,
      name       text        NOT NULL,
      checksum   text        NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (set_name, name, checksum)
    )`);
    await readOnlyForOthers(db, 'causeway.repeatable_scripts');
  },
  async read(db) {
    if (!(await exists(db, 'causeway.repeatable_scripts'))) return [];
    const { rows } = await db.query(
      'SELECT name, checksum, true AS finished FROM causeway.repeatable_scripts WHERE set_name = $1 ORDER BY position',
      [set],
    );
    return rows as Recorded[];
  },
  async begin() {
    // Script and record share one transaction, so no unfinished record can remain.
  },
  async finish(db, file) {
    await db.query('INSERT INTO causeway.repeatable_scripts (set_name, name, checksum) VALUES ($1, $2, $3)', [
      set,
      file.name,
      file.checksum,
    ]);
  },
});
