import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An entry of package-lock.json. */
export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  /** `sha512-<base64>`. */
  readonly integrity?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** By place: `apps/order`, `node_modules/pg`, `node_modules/a/node_modules/b`. */
export type Lock = Readonly<Record<string, LockedPackage>>;

export const readLock = (root: string): Lock =>
  (JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Lock }).packages;

/** `node_modules/a/node_modules/@b/c` is `@b/c`. */
export const nameOf = (place: string): string => place.slice(place.lastIndexOf('node_modules/') + 13);

/**
 * The places of all packages of other people that workspaces need at run time, directly or through others. Optional
 * ones of every platform are among them, development dependencies are not.
 * @param starts Places of workspaces. Default: those that images install.
 */
export function productionPackages(lock: Lock, starts = workspacesOfImages(lock)): string[] {
  const seen = new Set<string>();
  const visit = (place: string): void => {
    const entry = lock[place];
    if (!entry || seen.has(place)) return;
    seen.add(place);
    if (entry.link) return visit(entry.resolved!);
    dependenciesOf(lock, place).forEach(visit);
  };
  starts.forEach(visit);
  return [...seen].filter((place) => place.includes('node_modules/') && !lock[place]!.link).sort();
}

/** The places of what a package needs at run time, as Node finds them from it; what is not in the lock is left out. */
export function dependenciesOf(lock: Lock, place: string): string[] {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = lock[place] ?? {};
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => peerDependenciesMeta?.[name]?.optional !== true);
  return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]
    .map((name) => placeOf(lock, name, place))
    .filter((found) => found !== undefined);
}

export const workspacesOfImages = (lock: Lock): string[] =>
  Object.keys(lock).filter((place) => /^(apps\/[^/]+|libs\/[^/]+|tools\/cli)$/.test(place));

/** Where Node finds a package, seen from a place. */
function placeOf(lock: Lock, name: string, from: string): string | undefined {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/')))) {
    const candidate = `${base === '' ? '' : `${base}/`}node_modules/${name}`;
    if (lock[candidate]) return candidate;
    if (base === '') return undefined;
  }
}
