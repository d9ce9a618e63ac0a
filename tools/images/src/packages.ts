import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly type?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const manifests = new Map<string, PackageManifest>();

export function manifestOf(folder: string): PackageManifest {
  const known = manifests.get(folder);
  if (known) return known;
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageManifest;
  manifests.set(folder, manifest);
  return manifest;
}

/**
 * The package that a file belongs to: the nearest folder below `node_modules` or a workspace, not a nested
 * `{"type": "module"}` marker.
 */
export function packageOf(file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && manifestOf(folder).name && isPackageFolder(folder)) return folder;
  }
  throw new Error(`${file} belongs to no package`);
}

function isPackageFolder(folder: string): boolean {
  const parts = folder.split(sep);
  const at = parts.lastIndexOf('node_modules');
  if (at === -1) return true;
  return parts.length - at - 1 === (parts[at + 1]?.startsWith('@') ? 2 : 1);
}

/** Where Node finds a package, seen from a folder; symbolic links of workspaces are followed. */
export function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * The folders of all packages that a package declares, directly or through others: dependencies, optional ones that are
 * installed, and peers that are required. Development dependencies and optional peers are not among them.
 * @throws when a required one is not installed.
 */
export function declaredClosure(start: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (folder: string): void => {
    if (seen.has(folder)) return;
    seen.add(folder);
    const { name, dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = manifestOf(folder);
    const optional = (dependency: string): boolean =>
      optionalDependencies?.[dependency] !== undefined || peerDependenciesMeta?.[dependency]?.optional === true;
    const wanted = new Set([
      ...Object.keys({ ...dependencies, ...optionalDependencies }),
      ...Object.keys(peerDependencies ?? {}).filter((peer) => !optional(peer)),
    ]);
    for (const dependency of wanted) {
      const found = findPackage(dependency, folder);
      if (found) visit(found);
      else if (!optional(dependency))
        throw new Error(`${name} needs ${dependency}, which is not installed in ${start}`);
    }
  };
  visit(start);
  return seen;
}
