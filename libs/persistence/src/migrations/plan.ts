import { MigrationChanged, MigrationFailed } from './errors.js';
import { matchesChecksum, type MigrationFile, type MigrationSet } from './files.js';
import type { Recorded } from './ledger.js';

/**
 * Returns what is pending of a set, in order. Recorded migrations without a file are fine: an older build runs on a
 * newer schema during a rollout or rollback.
 * @throws MigrationChanged. MigrationFailed for a migration that another runner (Prisma's) left unfinished.
 */
export function planOf(
  set: MigrationSet,
  files: readonly MigrationFile[],
  recorded: readonly Recorded[],
): MigrationFile[] {
  const byName = new Map(recorded.map((each) => [each.name, each]));
  const changed: string[] = [];
  const pending = files.filter((file) => {
    const record = byName.get(file.name);
    if (!record) return true;
    if (!record.finished) {
      // A migration without a transaction may be interrupted halfway, and is written so that it can run again.
      if (file.withoutTransaction) return true;
      throw new MigrationFailed(
        `${set.name}/${file.name}`,
        'an earlier try by another runner did not finish. Look at what it left behind, then use `prisma migrate resolve`',
      );
    }
    if (!matchesChecksum(file, record.checksum)) changed.push(`${set.name}/${file.name}`);
    return false;
  });
  if (changed.length > 0) throw new MigrationChanged(changed);
  return pending;
}

/** What to do with the repeatable scripts of a set. */
export interface RepeatablePlan {
  /** Scripts whose text this database has never had. */
  readonly pending: readonly MigrationFile[];
  /** Scripts whose text this database had and replaced by another: the caller is older than the database. */
  readonly superseded: readonly MigrationFile[];
}

/** @param history Every recorded text of the set, the newest last. */
export function planOfRepeatable(files: readonly MigrationFile[], history: readonly Recorded[]): RepeatablePlan {
  const textsOf = (file: MigrationFile) =>
    history.filter(({ name }) => name === file.name).map(({ checksum }) => checksum);
  return {
    pending: files.filter((file) => !textsOf(file).includes(file.checksum)),
    superseded: files.filter((file) => textsOf(file).slice(0, -1).includes(file.checksum)),
  };
}
