import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.js';

/** Which state of the sources is running. */
export interface BuildInfo {
  /** From the root `package.json`. */
  readonly version: string;
  /** Full hash, and time of the commit, ISO 8601. Undefined outside of a git checkout. */
  readonly commit?: string;
  readonly committedAt?: string;
}

/** @param root The repository, or a copy of it. */
export async function buildInfo(root: string): Promise<BuildInfo> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const git = await run(['git', '-C', root, 'log', '-1', '--format=%H %cI'], { timeoutMs: 5_000 }).catch(
    () => undefined,
  );
  const [commit, committedAt] = git?.code === 0 ? git.stdout.trim().split(' ') : [];
  return { version, ...(commit && committedAt && { commit, committedAt }) };
}
