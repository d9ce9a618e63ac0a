import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '@causeway/launcher/run';
import type { Fork } from './fork.js';
import {
  changedLibrary,
  changedMigration,
  movedFile,
  newCheck,
  newMigration,
  releaseSecondVersion,
} from './second-version.js';

/** What a walk found, for a test to compare. */
export interface UpdateWalk {
  /** What the command said. */
  readonly said: string;
  readonly again: string;
  readonly branch: string;
  readonly changedHere: readonly string[];
}

const byHand = 'Changed by hand, and kept.';

/**
 * Updates a fork to a second version of its template, as a team would: they changed the library and the file that the
 * template changes and moves. Leaves the fork on the branch that it was on, with the update merged.
 * @param name What the fork's command line is called.
 * @throws when something did not arrive, or the fork's own was lost
 */
export async function updateToSecondVersion(fork: Fork, name: string): Promise<UpdateWalk> {
  await releaseSecondVersion(fork.template);
  const main = await fork.git('branch', '--show-current');
  for (const file of [changedLibrary, movedFile.from]) fork.write(file, fork.read(file).replace(/^/, `// ${byHand}\n`));
  await fork.commit('Two files by hand');
  const cli = (...args: string[]): Promise<string> => fork.exec('npx', '--no-install', name, ...args);
  const update = ['update', '--from', '../template', '--to', 'v2'];
  const planned = await cli(...update, '--dry-run');
  demand(!planned.includes('conflict or regenerated'), `--dry-run expects a conflict:\n${planned}`);
  demand((await fork.changes()) === '', 'after --dry-run the tree is not clean');

  const migration = fork.read(changedMigration);
  const said = await cli(...update);
  const branch = await fork.git('branch', '--show-current');
  demand((await fork.changes()) === '', 'after the update the tree is not clean');
  demand(fork.read(changedMigration) === migration, 'a migration that may have been applied was changed');
  for (const file of [newCheck, newMigration, movedFile.to, changedLibrary])
    demand(existsSync(join(fork.root, file)), `${file} did not arrive`);
  demand(!existsSync(join(fork.root, movedFile.from)), `${movedFile.from} was not moved`);
  for (const file of [changedLibrary, movedFile.to])
    demand(fork.read(file).startsWith(`// ${byHand}`), `${file} lost what was changed by hand`);
  demand(fork.read(changedLibrary).includes('leastDelayMs'), 'the template’s change of a library did not arrive');
  const changedHere = (await fork.git('diff', '--name-only', main)).split('\n').filter(Boolean);

  const before = await fork.git('rev-parse', 'HEAD');
  const again = await cli('update');
  demand((await fork.git('rev-parse', 'HEAD')) === before, 'a second update made a commit');
  demand((await fork.changes()) === '', 'a second update changed something');
  await fork.git('switch', '--quiet', main);
  await fork.git('merge', '--quiet', '--no-edit', branch);
  await fork.git('branch', '--quiet', '-D', branch);
  return { said, again, branch, changedHere };
}

/** Ends an update in the middle, by conflict and by Ctrl-C. @throws when something of it is left */
export async function updateThatIsAborted(fork: Fork, name: string): Promise<void> {
  const third = `${fork.template}/${changedLibrary}`;
  await output(['sh', '-c', 'echo "// Third" >> "$1"', 'sh', third]);
  await output(['git', '-C', fork.template, 'commit', '--quiet', '--all', '--message', 'Third version']);
  await output(['git', '-C', fork.template, 'tag', 'v3']);
  fork.write(changedLibrary, `${fork.read(changedLibrary)}// Ours\n`);
  await fork.commit('The same place by hand');
  const state = async (): Promise<string> =>
    [await fork.git('for-each-ref'), await fork.git('status', '--porcelain'), await fork.git('worktree', 'list')].join(
      '\n',
    );
  const before = await state();
  const update = fork.exec('npx', '--no-install', name, 'update', '--to', 'v3');
  const refused = await update.then(
    () => 'no conflict',
    (error: unknown) => (error as Error).message,
  );
  demand(refused.includes(`${changedLibrary}: changed here and in the template`), `no conflict was named:\n${refused}`);
  await fork.exec('npx', '--no-install', name, 'update', '--abort');
  demand((await state()) === before, 'the abort left something behind');
}

function demand(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
