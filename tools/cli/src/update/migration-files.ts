import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Git } from './git.js';

/** A migration that the template changed or removed after it was published. The fork keeps its own. */
export interface KeptMigration {
  readonly file: string;
  readonly template: 'changed' | 'removed';
}

/**
 * Whether a database may have applied it: everything below `prisma/migrations`, and those of the libraries, as in
 * `libs/messaging/migrations/20261121000000_outbox/migration.sql`.
 */
export const isMigration = (file: string): boolean =>
  /(^|\/)prisma\/migrations\/|(^|\/)migrations\/\d+_[^/]+\/migration\.sql$/.test(file);

interface TreeEntry {
  readonly mode: string;
  readonly blob: string;
}

async function migrationsIn(git: Git, commit: string): Promise<Map<string, TreeEntry>> {
  const entries = await git.list('ls-tree', '-r', '-z', commit);
  return new Map(
    entries.flatMap((line) => {
      const [, mode = '', blob = '', file = ''] = /^(\d+) \w+ (\w+)\t([^]*)$/.exec(line) ?? [];
      return isMigration(file) ? [[file, { mode, blob }]] : [];
    }),
  );
}

/**
 * A migration may have been applied somewhere, and its checksum is recorded there. The new version gets those of the old
 * one as they were.
 * @returns a tree to take instead of that of the new version
 */
export async function withOldMigrations(
  git: Git,
  from: string,
  to: string,
): Promise<{ tree: string; kept: KeptMigration[] }> {
  const [old, current] = [await migrationsIn(git, from), await migrationsIn(git, to)];
  const differing = [...old].filter(([file, { blob }]) => current.get(file)?.blob !== blob);
  const kept = differing.map(([file]): KeptMigration => ({
    file,
    template: current.has(file) ? 'changed' : 'removed',
  }));
  if (kept.length === 0) return { tree: await git.run(['rev-parse', `${to}^{tree}`]), kept };
  const folder = mkdtempSync(join(tmpdir(), 'update-index-'));
  try {
    const index = git.with({ GIT_INDEX_FILE: join(folder, 'index') });
    await index.run(['read-tree', to]);
    const lines = differing.map(([file, { mode, blob }]) => `${mode} ${blob}\t${file}\0`);
    await index.run(['update-index', '-z', '--index-info'], lines.join(''));
    return { tree: await index.run(['write-tree']), kept };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives every migration of a commit back that the working tree has changed or lost. @returns which */
export async function restoreMigrations(git: Git, commit: string): Promise<string[]> {
  const files = [...(await migrationsIn(git, commit)).keys()];
  if (files.length === 0) return [];
  const different = new Set(await git.list('diff', '--name-only', '--no-renames', '-z', commit));
  const changed = files.filter((file) => different.has(file));
  if (changed.length > 0)
    await git.run(
      ['checkout', commit, '--pathspec-from-file=-', '--pathspec-file-nul'],
      changed.map((file) => `:(literal)${file}\0`).join(''),
    );
  return changed;
}
