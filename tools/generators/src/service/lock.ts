import type { Tree } from '@nx/devkit';

interface Lock {
  readonly packages: Record<string, Readonly<Record<string, unknown>>>;
}

const lockFile = 'package-lock.json';
const read = (tree: Tree): Lock => JSON.parse(tree.read(lockFile, 'utf8') ?? '{"packages":{}}') as Lock;
const write = (tree: Tree, lock: Lock): void => tree.write(lockFile, `${JSON.stringify(lock, null, 2)}\n`);

/** The version that the lock has of a package; `*` for one of this repository. @throws when it has none */
export function lockedVersion(tree: Tree, name: string): string {
  const { [`node_modules/${name}`]: found } = read(tree).packages;
  const version = found?.['link'] === true ? '*' : found?.['version'];
  if (typeof version !== 'string') throw new Error(`${lockFile} has no ${name}`);
  return version;
}

/**
 * Adds a project of the workspace as `npm install` would, but nothing else: npm also looks for what is missing for
 * other platforms, and writes a lock that `npm ci` refuses.
 * @param folder `apps/invoice`
 */
export function lockProject(tree: Tree, folder: string): void {
  const { name, version, license, dependencies, devDependencies } = JSON.parse(
    tree.read(`${folder}/package.json`, 'utf8') ?? '{}',
  ) as Record<string, unknown>;
  const lock = read(tree);
  const entries = Object.entries({
    ...lock.packages,
    [folder]: { name, version, license, dependencies, ...(devDependencies !== undefined && { devDependencies }) },
    [`node_modules/${String(name)}`]: { resolved: folder, link: true },
  });
  write(tree, { ...lock, packages: Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b, 'en'))) });
}

/** Takes a project out again. */
export function unlockProject(tree: Tree, folder: string): void {
  const lock = read(tree);
  const left = Object.entries(lock.packages).filter(([path, entry]) => path !== folder && entry['resolved'] !== folder);
  write(tree, { ...lock, packages: Object.fromEntries(left) });
}
