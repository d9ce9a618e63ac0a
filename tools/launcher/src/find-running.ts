import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { trustIn, type TrustedServers } from './certificates.js';
import { readLock, type FoundExample, type LockFile } from './folder-lock.js';
import { defaultFolder } from './places.js';
import type { Secrets } from './secrets.js';
import { services } from '@causeway/system';
import { databaseName, pathsIn, type Paths, type Ports } from './wiring.js';

export { nodeForServices, repository } from './places.js';
export type { Secrets } from './secrets.js';
export { wantedPorts, type Paths, type Ports } from './wiring.js';

/** A system that a launcher runs right now, as its folder describes it to tools that look at it from outside. */
export interface FoundSystem {
  readonly paths: Paths;
  readonly ports: Ports;
  readonly secrets: Secrets;
  /** Undefined: nothing is encrypted. */
  readonly trust?: TrustedServers;
  /** The processes that the launcher watches, with their names: `order-1`. */
  readonly processes: LockFile['children'];
  /** Services of `examples` that run with it. */
  readonly examples: readonly FoundExample[];
}

/**
 * Returns the data folder that a command in `from` means: `.causeway` there or in the nearest folder above, else that
 * of the repository.
 */
export function nearestFolder(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, '.causeway');
    if (existsSync(join(candidate, 'secrets.json'))) return candidate;
    if (folder === dirname(folder)) return defaultFolder;
  }
}

/** @returns undefined when no launcher runs a system in the folder, or it has not chosen its ports yet. */
export function findRunning(folder: string): FoundSystem | undefined {
  const lock = readLock(folder);
  if (!lock?.ports) return undefined;
  const secrets = JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8')) as Secrets;
  return {
    paths: pathsIn(folder),
    ports: lock.ports,
    secrets,
    trust: lock.tls ? trustIn(pathsIn(folder).certificates) : undefined,
    processes: lock.children,
    examples: lock.examples ?? [],
  };
}

/** @returns undefined for a service without a database. */
export function databaseUrlOf({ ports, secrets, examples }: FoundSystem, service: string): string | undefined {
  const known = [...services, ...examples].find(({ name }) => name === service);
  if (known?.database === undefined) return undefined;
  const name = databaseName(service, examples);
  const password = secrets.databases[name] ?? secrets.databases[service] ?? '';
  return `postgres://${name}:${encodeURIComponent(password)}@127.0.0.1:${ports.postgres}/${name}`;
}
