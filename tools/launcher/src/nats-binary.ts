import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { output, run } from './run.js';

export interface NatsBinaryOptions {
  /** Receives a line about each slow step. */
  readonly log?: (line: string) => void;
  /**
   * Tried in this order when `nats-server` is not on PATH. Default: the user's cache, then `.causeway` of the current
   * folder.
   */
  readonly caches?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Finds `nats-server` on PATH or in a cache; else downloads the distribution's package and unpacks it there, without
 * root.
 * @throws with what to do where there is no Debian package manager.
 */
export async function natsBinary({
  log = () => undefined,
  caches = defaultCaches(),
  signal,
}: NatsBinaryOptions = {}): Promise<string> {
  const known = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...caches];
  const found = known.map((folder) => join(folder, 'nats-server')).find(isExecutable);
  if (found) return found;
  if (process.platform !== 'linux' || !(await works('dpkg', ['--version']))) throw new Error(howToInstall());
  const cache = caches.find(canWrite);
  if (!cache)
    throw new Error(`nats-server is not installed, and none of ${caches.join(', ')} can be written to keep a copy.`);
  log('nats-server is not installed: fetching the package of this distribution (once)');
  return unpack(cache, log, signal);
}

export function defaultCaches(): string[] {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return [join(base, 'causeway'), join(process.cwd(), '.causeway', 'cache')];
}

function howToInstall(): string {
  const how =
    process.platform === 'darwin'
      ? 'brew install nats-server'
      : 'your package manager, or a release of nats-io/nats-server put on PATH';
  return `nats-server is not installed and cannot be fetched here (that needs apt). Install it: ${how}. Version 2.9.10 or later will do.`;
}

async function unpack(cache: string, log: (line: string) => void, signal?: AbortSignal): Promise<string> {
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    await download(work, log, signal);
    const archive = readdirSync(work).find((name) => name.endsWith('.deb'));
    if (!archive) throw new Error('apt-get download left no package');
    await output(['dpkg', '-x', join(work, archive), join(work, 'root')]);
    const binary = ['usr/sbin', 'usr/bin']
      .map((folder) => join(work, 'root', folder, 'nats-server'))
      .find(isExecutable);
    if (!binary) throw new Error('the package holds no nats-server');
    await output([binary, '--version']);
    const target = join(cache, 'nats-server');
    // A rename: two processes that fetch at the same time both end with a whole file.
    renameSync(binary, target);
    return target;
  } catch (cause) {
    throw new Error(`nats-server could not be fetched: ${(cause as Error).message}\n${howToInstall()}`, { cause });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** With the machine's package lists first; with private, fresh ones where it has none or where they are out of date. */
async function download(work: string, log: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const limits = ['-o', 'Acquire::http::Timeout=30', '-o', 'Acquire::Retries=2'];
  // As root apt would download as the account _apt, which cannot write here.
  const sandbox = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
  const options = { cwd: work, timeoutMs: 240_000, signal, env: { ...process.env, LC_ALL: 'C' } };
  const ownLists = ['-o', `Dir::State::Lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`];
  try {
    await output(['apt-get', 'download', ...limits, ...sandbox, 'nats-server'], options);
  } catch {
    signal?.throwIfAborted();
    log('no usable package list: fetching one (about 10 MB, not installed anywhere)');
    mkdirSync(join(work, 'lists', 'partial'), { recursive: true });
    mkdirSync(join(work, 'cache', 'archives', 'partial'), { recursive: true });
    await output(['apt-get', 'update', ...limits, ...sandbox, ...ownLists], options);
    await output(['apt-get', 'download', ...limits, ...sandbox, ...ownLists, 'nats-server'], options);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return existsSync(path);
  } catch {
    return false;
  }
}

function canWrite(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const works = (command: string, args: string[]): Promise<boolean> =>
  run([command, ...args]).then(
    ({ code }) => code === 0,
    () => false,
  );
