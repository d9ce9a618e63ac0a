import { renameText, type RepositoryNames } from '@causeway/generators/names';
import type { Git } from '../update/git.js';
import type { TemplateVersion } from '../update/template-repository.js';

/** A version of the template as it is in the fork: with the fork's names. */
export interface TemplateFiles {
  readonly version: TemplateVersion;
  /** The newest version that there is. */
  readonly newest: TemplateVersion;
  readonly files: readonly string[];
  /** @returns undefined when it has no such file */
  readonly read: (file: string) => Promise<string | undefined>;
  /** Whether a commit is of the template's own history, which a fork begins with. */
  readonly has: (commit: string) => Promise<boolean>;
  /** Whether a text of the fork says the same. */
  readonly same: (ours: string, theirs: string) => boolean;
}

interface Source {
  readonly git: Git;
  readonly commit: string;
  readonly version: TemplateVersion;
  readonly newest: TemplateVersion;
}

const has =
  (git: Git) =>
  async (commit: string): Promise<boolean> =>
    (await git.commitOf(commit)) !== undefined;

/** Of a version that was replayed: every byte is as it was made for this fork. */
export async function replayedFiles({ git, commit, version, newest }: Source): Promise<TemplateFiles> {
  const files = await git.list('ls-tree', '-r', '-z', '--name-only', commit);
  return {
    version,
    newest,
    files,
    has: has(git),
    read: (file) => git.show(commit, file),
    same: (ours, theirs) => ours === theirs,
  };
}

/**
 * Of a version as it is published, with other names: for a fork that has only been renamed and added to, this takes no
 * generator. The names are of other lengths, so lines may break elsewhere.
 */
export async function renamedFiles(
  { git, commit, version, newest }: Source,
  from: RepositoryNames,
  to: RepositoryNames,
): Promise<TemplateFiles> {
  const listed = await git.list('ls-tree', '-r', '-z', '--name-only', commit);
  const original = new Map(listed.map((file) => [renameText(file, from, to), file]));
  return {
    version,
    newest,
    files: [...original.keys()],
    has: has(git),
    read: async (file) => {
      const text = await git.show(commit, original.get(file) ?? file);
      return text === undefined ? undefined : renameText(text, from, to);
    },
    same: (ours, theirs) => unwrapped(ours) === unwrapped(theirs),
  };
}

/** Without what a formatter adds where a line is too long. */
const unwrapped = (text: string): string => text.replace(/\s+/g, '').replace(/,(?=[)\]}])/g, '');
