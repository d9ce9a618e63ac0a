import type { Git } from '../update/git.js';
import type { TemplateFiles } from './template-files.js';

/**
 * `error`: something that the template promises is not true here. `warning`: it may come to that, or nobody has said
 * that it is meant. `note`: good to know. Errors and warnings make the exit code 1.
 */
export type FindingSeverity = 'error' | 'warning' | 'note';

/** One way in which a repository differs from what it should be. */
export interface TemplateFinding {
  readonly severity: FindingSeverity;
  readonly check: string;
  /** From the root of the repository. */
  readonly file: string;
  /** What is so, and why it matters. */
  readonly reason: string;
  readonly remedy: string;
}

/** What the checks look at. */
export interface CheckedRepository {
  readonly root: string;
  readonly git: Git;
  /** Files that Git knows, and new ones that it does not ignore. */
  readonly files: readonly string[];
  readonly services: readonly { readonly name: string }[];
  /** The template that this repository was made from, under the names of this repository; absent: not known. */
  readonly template: TemplateFiles | undefined;
}

export type RepositoryCheck = (
  repository: CheckedRepository,
) => Promise<readonly TemplateFinding[]> | readonly TemplateFinding[];
