import { delimiter, join } from 'node:path';
import {
  defaultCaches,
  hasPackages,
  isExecutable,
  moveInto,
  withPackages,
  writableCache,
} from './distribution-packages.js';
import { output } from './run.js';

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
  if (!(await hasPackages())) throw new Error(howToInstall());
  const cache = writableCache(caches);
  if (!cache)
    throw new Error(`nats-server is not installed, and none of ${caches.join(', ')} can be written to keep a copy.`);
  log('nats-server is not installed: fetching the package of this distribution (once)');
  const target = join(cache, 'nats-server');
  const take = async (root: string): Promise<string> => {
    const binary = ['usr/sbin', 'usr/bin'].map((folder) => join(root, folder, 'nats-server')).find(isExecutable);
    if (!binary) throw new Error('the package holds no nats-server');
    await output([binary, '--version']);
    moveInto(target, binary);
    return target;
  };
  return withPackages(['nats-server'], cache, take, { log, signal }).catch((cause: unknown) => {
    throw new Error(`nats-server could not be fetched: ${(cause as Error).message}\n${howToInstall()}`, { cause });
  });
}

function howToInstall(): string {
  const how =
    process.platform === 'darwin'
      ? 'brew install nats-server'
      : 'your package manager, or a release of nats-io/nats-server put on PATH';
  return `nats-server is not installed and cannot be fetched here (that needs apt). Install it: ${how}. Version 2.9.10 or later will do.`;
}
