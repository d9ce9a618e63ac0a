import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder of migrations that are applied in the order of their names. */
export interface MigrationSet {
  /** Names the set in logs, and in `causeway.migrations`. */
  readonly name: string;
  /** Folder that holds `<timestamp>_<name>/migration.sql`. */
  readonly directory: string;
  /** Where applied migrations are recorded: `prisma` in `public._prisma_migrations` as Prisma does it (a service), `causeway` in `causeway.migrations` (a library). */
  readonly table: 'prisma' | 'causeway';
}

export interface MigrationFile {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, hex. */
  readonly checksum: string;
  /** Starts with `-- causeway: no-transaction`. */
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

/** True when `checksum` is that of the file, whatever git did to its line ends (Prisma compares the same way). */
export function matchesChecksum(file: MigrationFile, checksum: string): boolean {
  if (file.checksum === checksum) return true;
  const unix = file.sql.replaceAll('\r\n', '\n');
  return checksum === sha256(unix) || checksum === sha256(unix.replaceAll('\n', '\r\n'));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
