import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { output, run } from './run.js';

export interface PackageOptions {
  /** With the packages that these need and that are not installed here. Default false. */
  readonly withMissing?: boolean;
  /** Receives a line about each slow step. */
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Folders to keep what was fetched, the best first: the user's cache, then `.causeway` of the current folder. */
export function defaultCaches(): string[] {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return [join(base, 'causeway'), join(process.cwd(), '.causeway', 'cache')];
}

/** Whether this is Linux with Debian's package manager. */
export const hasPackages = async (): Promise<boolean> =>
  process.platform === 'linux' && (await works('dpkg', ['--version']));

/**
 * Downloads packages of this distribution and unpacks them below a folder, without root; nothing is installed.
 * @param take Moves what is wanted out of the folder, by `rename`: two processes that fetch at the same time then both
 *   end with the whole of it. The folder is removed afterwards.
 */
export async function withPackages<T>(
  names: readonly string[],
  cache: string,
  take: (root: string) => Promise<T>,
  options: PackageOptions = {},
): Promise<T> {
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    await download(names, work, options);
    const archives = readdirSync(work).filter((name) => name.endsWith('.deb'));
    if (archives.length === 0) throw new Error('apt-get download left no package');
    const root = join(work, 'root');
    for (const archive of archives) await output(['dpkg', '-x', join(work, archive), root]);
    return await take(root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** With the machine's package lists first; with private, fresh ones where it has none or where they are out of date. */
async function download(names: readonly string[], work: string, options: PackageOptions): Promise<void> {
  const { withMissing = false, log = () => undefined, signal } = options;
  const limits = ['-o', 'Acquire::http::Timeout=30', '-o', 'Acquire::Retries=2'];
  // As root apt would download as the account _apt, which cannot write here.
  const sandbox = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
  const apt = (args: readonly string[], lists: readonly string[] = []): Promise<string> =>
    output(['apt-get', ...args, ...limits, ...sandbox, ...lists], {
      cwd: work,
      timeoutMs: 240_000,
      signal,
      env: { ...process.env, LC_ALL: 'C' },
    });
  const fetchWith = async (lists: readonly string[]): Promise<void> => {
    const missing = withMissing
      ? await apt(['--simulate', 'install', '--no-install-recommends', ...names], lists)
      : undefined;
    const all = missing ? [...missing.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name!) : [];
    await apt(['download', ...new Set([...names, ...all])], lists);
  };
  const ownLists = ['-o', `Dir::State::Lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`];
  try {
    await fetchWith([]);
  } catch {
    signal?.throwIfAborted();
    log('no usable package list: fetching one (about 10 MB, not installed anywhere)');
    mkdirSync(join(work, 'lists', 'partial'), { recursive: true });
    mkdirSync(join(work, 'cache', 'archives', 'partial'), { recursive: true });
    await apt(['update'], ownLists);
    await fetchWith(ownLists);
  }
}

/** The first of the folders that can be written to; made if it is not there. */
export const writableCache = (caches: readonly string[]): string | undefined => caches.find(canWrite);

function canWrite(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Moves a file or folder to its place, which another process may have filled meanwhile. */
export function moveInto(place: string, from: string): void {
  try {
    renameSync(from, place);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const works = (command: string, args: string[]): Promise<boolean> =>
  run([command, ...args]).then(
    ({ code }) => code === 0,
    () => false,
  );

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return existsSync(path);
  } catch {
    return false;
  }
}
