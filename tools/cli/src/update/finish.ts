import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordFile, type TemplateRecord } from '@causeway/generators/steps';
import { conflicts, type Conflict } from './conflicts.js';
import { hasParts } from './generated-parts.js';
import type { Git } from './git.js';
import { restoreMigrations } from './migration-files.js';
import { writeState, type UpdateState } from './state.js';
import { migrationsFile, type Tooling } from './tooling.js';

interface FinishParts {
  readonly git: Git;
  readonly tooling: Tooling;
  readonly file: string;
  readonly say: (line: string) => void;
}

/** Everything after the merge: dependencies, the template's Nx migrations, generated files, the record; a commit. */
export async function finish(state: UpdateState, { git, tooling, file, say }: FinishParts): Promise<void> {
  const { folder } = git;
  say('npm install');
  await tooling.install(folder);
  say('building');
  await tooling.setUp(folder);
  if (state.nxMigrations.length > 0) {
    say(`Nx migrations: ${state.nxMigrations.join(', ')}`);
    await tooling.migrate(folder, state.nxMigrations);
    writeState(file, { ...state, nxMigrations: [] });
  }
  say('npm run generate');
  await tooling.generate(folder);
  await removeStale(git, state, await tooling.generatedFiles(folder));
  await restoreMigrations(git, state.original.commit);
  record(folder, state);
  await git.run(['add', '--all']);
  const title = `Template ${state.to.version}: dependencies, generated files, record`;
  await git.run(['commit', '--quiet', '--no-verify', '--allow-empty', '--message', title]);
}

/** What was generated before and is not any more, unless people write in it. */
async function removeStale(git: Git, state: UpdateState, generated: readonly string[]): Promise<void> {
  const current = new Set(generated);
  for (const file of state.generated) {
    const path = join(git.folder, file);
    if (current.has(file) || !existsSync(path) || hasParts(readFileSync(path, 'utf8'))) continue;
    await git.run(['rm', '--quiet', '--force', '--ignore-unmatch', '--', file]);
  }
}

function record(folder: string, { repository, to }: UpdateState): void {
  const path = join(folder, recordFile);
  const template = { repository, commit: to.commit, version: to.version };
  writeFileSync(path, `${JSON.stringify({ ...readTemplateRecord(folder), template }, null, 2)}\n`);
}

export function readTemplateRecord(folder: string): TemplateRecord {
  const path = join(folder, recordFile);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as TemplateRecord) : { template: {}, steps: [] };
}

/** Entries of the new version's `migrations.json` that the old one does not have, in their order. */
export async function newNxMigrations(git: Git, from: string, to: string): Promise<string[]> {
  const names = async (commit: string): Promise<string[]> => {
    const text = await git.show(commit, migrationsFile);
    const { generators = {} } = JSON.parse(text ?? '{}') as { generators?: Record<string, unknown> };
    return Object.keys(generators);
  };
  const before = new Set(await names(from));
  return (await names(to)).filter((name) => !before.has(name));
}

/** @returns what keeps the merge from being committed */
export async function openConflicts(git: Git): Promise<Conflict[]> {
  const unmerged = await conflicts(git);
  const { stdout } = await git.result(['grep', '--cached', '-lzE', '^(<{7}|>{7}) ', '--']);
  const changed = new Set(await git.list('diff', '--cached', '--name-only', '-z', 'HEAD'));
  const marked = stdout
    .split('\0')
    .filter((name) => changed.has(name) && !unmerged.some((conflict) => conflict.file === name));
  return [...unmerged, ...marked.map((name) => ({ file: name, what: 'still has conflict markers' }))];
}
