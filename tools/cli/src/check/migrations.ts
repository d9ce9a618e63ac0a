import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renameText, titleOf } from '@causeway/generators/names';
import { isMigration } from '../update/migration-files.js';
import type { CheckedRepository, TemplateFinding } from './finding.js';

const finding = (file: string, what: string): TemplateFinding => ({
  severity: 'error',
  check: 'migrations',
  file,
  reason: `${what}; a database that has applied it refuses to go on, because the checksum differs`,
  remedy: 'Give it its old text back, and write a new migration: npx causeway new migration <service> <name>.',
});

/** A fork has the history of its template, whose first version may have come about in several commits. */
const byWhomever = (file: string, what: string): TemplateFinding => ({
  ...finding(file, what),
  severity: 'note',
  remedy: 'Nothing, if it was the template. Who it was can be told where the template is known: --from <repository>.',
});

/** Migrations that somebody may have applied and that have another text now, or are gone. */
export async function migrationFindings(repository: CheckedRepository): Promise<TemplateFinding[]> {
  const { root, template } = repository;
  const edited = await editedHere(repository);
  const services = new Set(repository.files.flatMap((file) => /^apps\/[^/]+\//.exec(file)?.[0] ?? []));
  const compared = (template?.files ?? []).filter(
    // Of a service that is gone, its migrations are gone.
    (file) =>
      isMigration(file) && (!file.startsWith('apps/') || [...services].some((folder) => file.startsWith(folder))),
  );
  const differing: TemplateFinding[] = [];
  for (const file of compared) {
    if (!existsSync(join(root, file))) edited.set(file, finding(file, 'deleted here'));
    else if (!edited.has(file) && readFileSync(join(root, file), 'utf8') !== (await template?.read(file)))
      differing.push(differs(file));
  }
  return [...edited.values(), ...differing];
}

const differs = (file: string): TemplateFinding => ({
  severity: 'note',
  check: 'migrations',
  file,
  reason: 'not as in the template, and no commit here has changed it: an update keeps what may have been applied',
  remedy: 'Nothing, unless it was changed before the first commit.',
});

/** What a commit of the fork changed after another had added it, or what is changed and not committed; by file. */
async function editedHere({ git, template }: CheckedRepository): Promise<Map<string, TemplateFinding>> {
  const log = await git.list(
    ...['log', '-z', '--format=%x01%H', '--name-only', '--no-renames', '--diff-filter=M', 'HEAD'],
  );
  const edited = new Map<string, TemplateFinding>();
  let commit = '';
  for (const entry of log.map((text) => text.replace(/^\n/, ''))) {
    if (entry.startsWith('\u0001')) commit = entry.slice(1).trim();
    else if (isMigration(entry) && !edited.has(entry) && existsSync(join(git.folder, entry))) {
      if ((await template?.has(commit)) || (await onlyRenamed(git, commit, entry))) continue;
      const what = `changed by the commit ${commit.slice(0, 12)}`;
      edited.set(entry, template ? finding(entry, what) : byWhomever(entry, what));
    }
  }
  for (const file of await git.list('diff', '-z', '--name-only', '--no-renames', '--diff-filter=MD', 'HEAD'))
    if (isMigration(file)) edited.set(file, finding(file, 'changed, and not committed'));
  return edited;
}

/** `rename` gives every file another name inside; it is done before anything is applied. */
async function onlyRenamed(git: CheckedRepository['git'], commit: string, file: string): Promise<boolean> {
  const nameIn = async (at: string): Promise<string | undefined> =>
    (JSON.parse((await git.show(at, 'package.json')) ?? '{}') as { name?: string }).name;
  const [before, after] = [await nameIn(`${commit}^`), await nameIn(commit)];
  if (before === undefined || after === undefined || before === after) return false;
  const text = (await git.show(`${commit}^`, file)) ?? '';
  const names = (name: string) => ({ name, title: titleOf(name) });
  return renameText(text, names(before), names(after)) === (await git.show(commit, file));
}
