import { execFileSync } from 'node:child_process';
import { formatFiles, updateJson, type Tree } from '@nx/devkit';
import { recordStep } from '../template/steps.js';
import { demoPaths, demoScripts, demoServices } from './demo-parts.js';
import { hasRegions, withoutRegions } from './regions.js';
import { withoutUnusedImports } from './unused-imports.js';
import { dependentsOf } from './dependents.js';

export interface StripDemoOptions {
  /** Name of the empty service that takes the place of the demo. Default `core`. */
  readonly service?: string;
}

/**
 * Removes the demo domain: what is left are the libraries, the gateway, the user service, and what runs them.
 * @throws when a service that is not part of the demo needs it
 */
export async function stripDemoGenerator(tree: Tree, options: StripDemoOptions = {}): Promise<void> {
  if (!demoServices.some((name) => tree.exists(`apps/${name}`))) throw new Error('The demo is not here any more.');
  const files = trackedFiles(tree.root);
  const dependents = dependentsOf(tree, files);
  if (dependents.length > 0)
    throw new Error(`Nothing was removed, because something needs the demo: ${dependents.join('; ')}.`);
  for (const file of files)
    if (demoPaths.some((path) => file === path || file.startsWith(`${path}/`))) tree.delete(file);
  for (const file of files) {
    if (!tree.exists(file) || file.startsWith('tools/generators/src/strip-demo/')) continue;
    const bytes = tree.read(file);
    if (bytes === null || bytes.includes(0)) continue;
    const text = bytes.toString('utf8');
    if (hasRegions(text)) tree.write(file, cut(file, text));
  }
  withoutPackages(tree, files);
  recordStep(tree, { generator: 'strip-demo', options: { ...options } });
  await formatFiles(tree);
}

export default stripDemoGenerator;

function cut(file: string, text: string): string {
  try {
    const rest = withoutRegions(text);
    return /\.[cm]?tsx?$/.test(file) ? withoutUnusedImports(file, rest) : rest;
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** The packages of the demo, in every `package.json` and in the lock file. */
function withoutPackages(tree: Tree, files: readonly string[]): void {
  const { name } = JSON.parse(tree.read('package.json', 'utf8') ?? '{}') as { name: string };
  const gone = new Set(demoServices.map((service) => `@${name}/${service}`));
  for (const file of files) {
    if (!file.endsWith('package.json') || !tree.exists(file)) continue;
    if (![...gone].some((one) => tree.read(file, 'utf8')?.includes(`"${one}"`)) && file !== 'package.json') continue;
    updateJson<Record<string, Record<string, string> | undefined>>(tree, file, (json) => {
      for (const kind of ['dependencies', 'devDependencies']) for (const one of gone) delete json[kind]?.[one];
      for (const script of demoScripts) {
        delete json['scripts']?.[script];
        delete json['scripts']?.[`pre${script}`];
      }
      return json;
    });
  }
  if (tree.exists('package-lock.json'))
    updateJson<{ packages: Record<string, unknown> }>(tree, 'package-lock.json', (lock) => {
      for (const key of Object.keys(lock.packages))
        if (
          demoServices.some(
            (service) =>
              key === `apps/${service}` ||
              key.startsWith(`apps/${service}/`) ||
              key === `node_modules/@${name}/${service}`,
          )
        )
          delete lock.packages[key];
      return lock;
    });
}

const trackedFiles = (root: string): string[] =>
  execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
