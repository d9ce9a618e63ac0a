import { extname, join } from 'node:path';
import { ResolverFactory } from 'unrs-resolver';
import { declaredClosure, manifestOf, packageOf } from './packages.js';
import { readSource } from './source-file.js';

/** Everything that an application can load. */
export interface Trace {
  /** Real paths of files, by the folder of their package. */
  readonly files: ReadonlyMap<string, ReadonlySet<string>>;
  /** Packages that must stay whole: their code computes the names of files that it loads or reads. */
  readonly whole: ReadonlySet<string>;
  /** Packages that our own code imports: these are worth a compile cache. */
  readonly entries: ReadonlySet<string>;
  /** Imports of our own code that are not declared or not installed: `@causeway/order imports left-pad, …`. */
  readonly problems: readonly string[];
}

const options = { extensions: ['.js', '.json', '.node', '.cjs', '.mjs'], mainFields: ['main'] };
const asImport = new ResolverFactory({ ...options, conditionNames: ['node', 'import', 'module-sync', 'node-addons'] });
const asRequire = new ResolverFactory({
  ...options,
  conditionNames: ['node', 'require', 'module-sync', 'node-addons'],
});

/**
 * Follows all imports from the given files. A package counts only if it is in the closure of declared dependencies as
 * well: an optional peer that happens to be installed for development stays out.
 * @param isOwn Whether a package folder is the repository's own: its files are known to name what they load.
 */
export function trace(app: string, entryFiles: readonly string[], isOwn: (folder: string) => boolean): Trace {
  const declared = declaredClosure(app);
  const files = new Map<string, Set<string>>();
  const whole = new Set<string>();
  const entries = new Set<string>();
  const problems = new Set<string>();
  const queue = [...entryFiles];

  const follow = (from: string, folder: string, specifier: string, resolver: ResolverFactory): void => {
    const own = isOwn(folder);
    const bare = !/^[./#]/.test(specifier) && !specifier.startsWith('file:');
    const addProblem = (what: string): void =>
      void problems.add(`${manifestOf(folder).name} imports ${specifier}, ${what}`);
    if (own && bare && !declares(folder, specifier)) addProblem('which its package.json does not declare');
    const path = resolver.sync(join(from, '..'), specifier).path;
    if (path === undefined) return own ? addProblem('which is not installed') : undefined;
    const file = path.replace(/[?#].*$/, '');
    if (!declared.has(packageOf(file))) return own ? addProblem('which is a development dependency only') : undefined;
    if (own && bare && !isOwn(packageOf(file))) entries.add(specifier);
    queue.push(file);
  };

  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    const folder = packageOf(file);
    const known = files.get(folder) ?? new Set();
    if (known.has(file)) continue;
    files.set(folder, known.add(file));
    const extension = extname(file);
    if (extension === '.node') whole.add(folder);
    if (!['.js', '.mjs', '.cjs'].includes(extension)) continue;
    const source = readSource(file);
    if (source.reachesOut && !isOwn(folder)) whole.add(folder);
    for (const specifier of source.imports) follow(file, folder, specifier, asImport);
    for (const specifier of source.requires) follow(file, folder, specifier, asRequire);
  }
  return { files, whole, entries, problems: [...problems].sort() };
}

const declares = (folder: string, specifier: string): boolean => {
  const { name, dependencies } = manifestOf(folder);
  const wanted = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return wanted === name || dependencies?.[wanted] !== undefined;
};
