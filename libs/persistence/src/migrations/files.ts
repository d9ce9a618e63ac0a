import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The SQL of a service or library: numbered migrations, applied in the order of their names, and repeatable scripts.
 */
export interface MigrationSet {
  /** Names the set in logs and in the tables of schema `causeway`. */
  readonly name: string;
  /** Folder that holds `<timestamp>_<name>/migration.sql`. */
  readonly directory: string;
  /**
   * Where applied numbered migrations are recorded: `prisma` in `public._prisma_migrations`, as Prisma does it (a
   * service); `causeway` in `causeway.migrations` (a library).
   */
  readonly table: 'prisma' | 'causeway';
  /**
   * Applied in this order after the numbered migrations of the set, and again whenever the text changes. Default none.
   */
  readonly repeatable?: readonly RepeatableScript[];
}

/**
 * SQL that replaces what it created before (`CREATE OR REPLACE FUNCTION`), kept in one file beside its caller.
 * Instances of the release before and of the next one call what it creates while a rollout lasts, so a change stays
 * compatible with them; a breaking change takes a new name (docs/decisions/0024).
 */
export interface RepeatableScript {
  /**
   * Names the script in logs and in `causeway.repeatable_scripts`: never changed, or the script counts as a new one.
   */
  readonly name: string;
  /** Path of the SQL file. The build copies it beside the compiled code. */
  readonly file: string;
}

export interface MigrationFile {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, hex; of a repeatable script with Unix line ends. */
  readonly checksum: string;
  /** Starts with `-- causeway: no-transaction`; never true of a repeatable script. */
  readonly withoutTransaction: boolean;
}

/** Reads a set. @throws Error when the folder does not exist, or a migration has no `migration.sql`. */
export async function readMigrations({ directory }: MigrationSet): Promise<MigrationFile[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  // By code unit, as Prisma does: the order must not depend on a locale.
  names.sort((a, b) => (a < b ? -1 : 1));
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      return {
        name,
        sql,
        checksum: sha256(sql),
        withoutTransaction: /^\s*--\s*causeway:\s*no-transaction\b/.test(sql),
      };
    }),
  );
}

/** Reads the repeatable scripts of a set. @throws Error when a file does not exist. */
export function readRepeatableScripts({ repeatable = [] }: MigrationSet): Promise<MigrationFile[]> {
  return Promise.all(
    repeatable.map(async ({ name, file }) => {
      const sql = (await readFile(file, 'utf8')).replaceAll('\r\n', '\n');
      return { name, sql, checksum: sha256(sql), withoutTransaction: false };
    }),
  );
}

/** True when `checksum` is that of the file, whatever git did to its line ends. Prisma compares in the same way. */
export function matchesChecksum(file: MigrationFile, checksum: string): boolean {
  if (file.checksum === checksum) return true;
  const unix = file.sql.replaceAll('\r\n', '\n');
  return checksum === sha256(unix) || checksum === sha256(unix.replaceAll('\n', '\r\n'));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
