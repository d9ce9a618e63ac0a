import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { manifestOf } from './packages.js';
import { trace } from './trace.js';

export interface PruneOptions {
  /** The repository, installed and built. */
  readonly root: string;
  /** The workspace that the image is for: `apps/order`. */
  readonly workspace: string;
  /**
   * Gets `dependencies/` (other people's packages) and `application/` (ours), each a tree to lay over the image's
   * `/app`.
   */
  readonly out: string;
}

export interface Pruned {
  /** `name@version`, sorted. */
  readonly packages: readonly string[];
  readonly bytes: { readonly dependencies: number; readonly application: number };
  /** Specifiers of other people's packages that our code imports. */
  readonly entries: readonly string[];
}

/** Folders and files of a package that Node never loads: types, maps, documentation, tests. */
const neverLoaded = {
  folder: /^(\.github|__tests__|benchmarks?|coverage|docs?|examples?|man|tests?|types|typings)$/i,
  file: /\.(d\.[cm]?ts|[cm]?tsx?|map|md|markdown|flow|yml|tsbuildinfo)$|^(\.(?!data)|changelog|history|authors|contributing|security|makefile|tsconfig|jest\.config|karma|gruntfile|gulpfile)/i,
};
const licence = /^(licen[cs]e|copying|notice|third.?party)/i;

/**
 * Collects what one workspace needs at run time: files that the imports of its `dist/main.js` and of its executables
 * reach, in packages that it declares.
 *
 * If every file of a package names what it loads, only the reached files stay. If one computes names, or reads from its
 * own location, everything stays that Node could load. Licenses always stay. Times are set to the epoch, so that the
 * same input gives the same layer.
 * @throws with every import of our own code that is not declared or not installed
 */
export function prune({ root: given, workspace, out }: PruneOptions): Pruned {
  const root = realpathSync(given);
  const home = join(root, workspace);
  const executables = Object.values(manifestOf(home).bin ?? {}).map((file) => join(home, file));
  const isOwn = (folder: string): boolean => !relative(root, folder).split(sep).includes('node_modules');
  const { files, whole, entries, problems } = trace(home, [join(home, 'dist', 'main.js'), ...executables], isOwn);
  if (problems.length > 0)
    throw new Error(`The image of ${workspace} would be incomplete:\n  ${problems.join('\n  ')}`);

  const bytes = { dependencies: 0, application: 0 };
  const packages: string[] = [];
  const places = new Map<string, string>();
  for (const [folder, reached] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const own = isOwn(folder);
    const { name, version } = manifestOf(folder);
    const place = placeOf(folder, { root, home, name, own });
    const other = places.get(place);
    if (other) throw conflict(name, [folder, other].map((each) => relative(root, each)).join(' and '));
    places.set(place, folder);
    const target = join(out, own ? 'application' : 'dependencies', place);
    const wanted = own ? ownFiles(folder, reached) : foreignFiles(folder, reached, whole.has(folder));
    for (const file of wanted)
      bytes[own ? 'application' : 'dependencies'] += copy(file, join(target, relative(folder, file)));
    if (!own) packages.push(`${name}@${version}`);
  }
  for (const part of ['dependencies', 'application']) settle(join(out, part));
  return { packages: packages.sort(), bytes, entries: [...entries].sort() };
}

/**
 * The workspace becomes `/app` itself, with the packages that are installed inside of it, its libraries
 * `/app/node_modules/@causeway/…`; other packages keep their place.
 */
function placeOf(
  folder: string,
  { root, home, name, own }: { root: string; home: string; name: string; own: boolean },
): string {
  if (folder === home) return '.';
  if (own) return join('node_modules', name);
  const place = [root, home]
    .map((from) => relative(from, folder))
    .find((path) => path.startsWith(`node_modules${sep}`));
  if (place === undefined) throw conflict(name, `${relative(root, folder)}, inside of a library,`);
  return place;
}

const conflict = (name: string, where: string): Error =>
  new Error(`${name} is installed in ${where}: let all workspaces agree on one version of it, then npm install`);

function ownFiles(folder: string, reached: ReadonlySet<string>): string[] {
  const maps = [...reached].map((file) => `${file}.map`).filter((file) => existsSync(file));
  const migrations = ['migrations', join('prisma', 'migrations')].flatMap((place) => filesIn(join(folder, place)));
  // Repeatable scripts lie beside their callers; the migration runner reads them by path.
  const scripts = filesIn(join(folder, 'dist')).filter((file) => file.endsWith('.sql'));
  return [join(folder, 'package.json'), ...reached, ...maps, ...migrations, ...scripts];
}

function foreignFiles(folder: string, reached: ReadonlySet<string>, whole: boolean): Set<string> {
  const all = filesIn(folder);
  const kept = all.filter((file) => {
    const parts = relative(folder, file).split(sep);
    if (parts.length === 1 && licence.test(parts[0] ?? '')) return true;
    if (basename(file) === 'package.json') return whole || parts.length === 1 || isNear(file, reached);
    return (
      whole &&
      !parts.slice(0, -1).some((part) => neverLoaded.folder.test(part)) &&
      !neverLoaded.file.test(basename(file))
    );
  });
  return new Set([...kept, ...reached]);
}

/** `{"type": "module"}` beside or above files that are kept. */
const isNear = (manifest: string, reached: ReadonlySet<string>): boolean =>
  [...reached].some((file) => file.startsWith(dirname(manifest) + sep));

/** Without nested packages: they are packages of their own. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesIn(path);
    return entry.isFile() ? [path] : [];
  });
}

function copy(from: string, to: string): number {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  return lstatSync(from).size;
}

const epoch = new Date(0);

function settle(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settle(path);
    else utimesSync(path, epoch, epoch);
  }
  utimesSync(folder, epoch, epoch);
}

/** A list for people and for the test of the image: `packages.txt` beside the trees. */
export const writeReport = (file: string, { packages }: Pruned): void =>
  writeFileSync(file, `${packages.join('\n')}\n`);
