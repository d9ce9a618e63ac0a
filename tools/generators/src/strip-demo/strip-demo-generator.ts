import { execFileSync } from 'node:child_process';
import { formatFiles, type Tree } from '@nx/devkit';
import { takeRoomBack } from '../service/cluster.js';
import { recordStep } from '../template/steps.js';
import { demoPaths, demoServices } from './demo-parts.js';
import { withoutDeadLinks } from './dead-links.js';
import { dependenciesOn } from './dependents.js';
import { withoutPackages } from './packages.js';
import { withoutContracts } from './published.js';
import { hasRegions, withoutRegions } from './regions.js';
import { withoutUnusedImports } from './unused-imports.js';

/**
 * Removes the demo domain, and this generator: what is left are the libraries, the gateway, the user service, and what
 * runs them. Generated files follow with `npm run generate`.
 * @throws when a service that is not part of the demo needs it, or the demo is not there
 */
export async function stripDemoGenerator(tree: Tree): Promise<void> {
  if (!demoServices.some((name) => tree.exists(`apps/${name}/package.json`)))
    throw new Error('the demo is not here any more');
  const files = trackedFiles(tree.root).filter((file) => tree.exists(file));
  const kept = new Map(files.filter((file) => !ofTheDemo(file)).map((file) => [file, withoutDemo(tree, file)]));
  refuseDependents(tree, files, kept);
  const [routes = '', ...messages] = files
    .filter(
      (file) =>
        file === 'libs/contracts/src/http/routes.ts' || (ofTheDemo(file) && /contracts\/src\/messages\//.test(file)),
    )
    .map((file) => tree.read(file, 'utf8') ?? '');
  for (const file of files) {
    const text = kept.get(file);
    if (ofTheDemo(file)) tree.delete(file);
    else if (text !== undefined) tree.write(file, text);
  }
  const left = new Set(files.filter((file) => !ofTheDemo(file)));
  const exists = (path: string): boolean =>
    left.has(path) || [...left].some((file) => file.startsWith(`${path.replace(/\/$/, '')}/`));
  for (const file of left) {
    if (!file.endsWith('.md')) continue;
    const text = tree.read(file, 'utf8') ?? '';
    const rest = withoutDeadLinks(file, text, exists);
    if (rest !== text) tree.write(file, rest);
  }
  withoutPackages(tree, files);
  // Quotas are not lists: what is left needs less, and the next services get the room.
  for (const name of ['order', 'payment']) takeRoomBack(tree, { name, database: true });
  withoutContracts(tree, routes, messages);
  recordStep(tree, { generator: 'strip-demo', options: {} });
  await formatFiles(tree);
}

export default stripDemoGenerator;

const ofTheDemo = (file: string): boolean => demoPaths.some((path) => file === path || file.startsWith(`${path}/`));

/** The text of a file without the demo; undefined where it has nothing of it. */
function withoutDemo(tree: Tree, file: string): string | undefined {
  const bytes = tree.read(file);
  if (bytes === null || bytes.includes(0)) return undefined;
  const text = bytes.toString('utf8');
  if (!hasRegions(text)) return undefined;
  try {
    const rest = withoutRegions(text);
    return /\.[cm]?tsx?$/.test(file) ? withoutUnusedImports(file, rest) : rest;
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

function refuseDependents(tree: Tree, files: readonly string[], kept: ReadonlyMap<string, string | undefined>): void {
  const textOf = (file: string): string => kept.get(file) ?? tree.read(file, 'utf8') ?? '';
  const source = (file: string): boolean =>
    /^(apps\/.*|libs\/contracts\/src\/.*|tools\/system\/src\/services)\.ts$/.test(file);
  const remaining = files.filter((file) => source(file) && !ofTheDemo(file));
  const removed = files.filter((file) => file.startsWith('libs/contracts/src/') && source(file) && ofTheDemo(file));
  const found = dependenciesOn(
    new Map(remaining.map((file) => [file, textOf(file)])),
    new Map(removed.map((file) => [file, textOf(file)])),
    demoServices,
  );
  if (found.length === 0) return;
  const list = found.map(({ file, needs }) => `${file} needs ${needs.join(', ')}`).join('; ');
  throw new Error(`nothing was removed, because something needs the demo: ${list}`);
}

const trackedFiles = (root: string): string[] =>
  execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
