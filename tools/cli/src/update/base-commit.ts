import { join } from 'node:path';
import { CommandFailed } from '../failure.js';
import type { Git } from './git.js';
import type { TemplateRepository } from './template-repository.js';

const remedy = 'Name the commit of the template that this repository was made from: --base <commit>.';

/**
 * Finds the commit of the template that is in the fork: the one that was named, else the one that is recorded, else
 * where the histories part, else the commit whose files the fork began with (a fork without the template's history).
 * @param named what a person says
 * @param recorded what the last update wrote
 * @throws CommandFailed when there is none
 */
export async function baseCommit(
  fork: Git,
  template: TemplateRepository,
  target: string,
  { named, recorded }: { readonly named?: string; readonly recorded?: string },
): Promise<string> {
  for (const [name, said] of [
    [named, 'was named'],
    [recorded, 'is recorded'],
  ] as const) {
    if (name === undefined) continue;
    const commit = await template.git.commitOf(name);
    if (commit !== undefined) return commit;
    throw new CommandFailed(`${template.source} does not have the commit ${name} that ${said}`, remedy);
  }
  const found = (await whereHistoriesPart(fork, template, target)) ?? (await sameFiles(fork, template));
  if (found !== undefined) return found;
  throw new CommandFailed(
    `no commit of ${template.source} is in the history of this repository, and none is recorded`,
    (await fork.run(['rev-parse', '--is-shallow-repository'])) === 'true'
      ? `The clone is shallow: git fetch --unshallow may help. ${remedy}`
      : remedy,
  );
}

async function whereHistoriesPart(
  fork: Git,
  template: TemplateRepository,
  target: string,
): Promise<string | undefined> {
  const both = fork.with({ GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(join(template.git.folder, 'objects')) });
  const { code, stdout } = await both.result(['merge-base', 'HEAD', target]);
  return code === 0 ? stdout.trim() : undefined;
}

/** Git separates the paths by colons, and takes one in quotes as it is. */
const quoted = (path: string): string => `"${path.replace(/[\\"]/g, '\\$&')}"`;

async function sameFiles(fork: Git, template: TemplateRepository): Promise<string | undefined> {
  const pairs = async (git: Git, ...args: string[]) =>
    (await git.run(['log', '--format=%T %H', ...args])).split('\n').map((line) => line.split(' ') as [string, string]);
  const ofTemplate = new Map(await pairs(template.git, '--all'));
  const [first] = await pairs(fork, '--max-parents=0', 'HEAD');
  return first === undefined ? undefined : ofTemplate.get(first[0]);
}
