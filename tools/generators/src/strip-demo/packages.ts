import { updateJson, type Tree } from '@nx/devkit';
import { demoScripts, demoServices } from './demo-parts.js';

type Manifest = Record<string, Record<string, string> | undefined>;

/** Takes the packages of the demo, its npm scripts and this generator out of every list of JSON that has them. */
export function withoutPackages(tree: Tree, files: readonly string[]): void {
  const { name } = JSON.parse(tree.read('package.json', 'utf8') ?? '{}') as { name: string };
  const gone = demoServices.map((service) => `@${name}/${service}`);
  for (const file of files) {
    if (!/(^|\/)package\.json$/.test(file) || !tree.exists(file)) continue;
    updateJson<Manifest>(tree, file, (manifest) => {
      for (const kind of ['dependencies', 'devDependencies']) for (const one of gone) delete manifest[kind]?.[one];
      for (const script of demoScripts) for (const each of [script, `pre${script}`]) delete manifest['scripts']?.[each];
      return manifest;
    });
  }
  updateJson<{ generators: Record<string, unknown> }>(tree, 'tools/generators/generators.json', (list) => {
    delete list.generators['strip-demo'];
    return list;
  });
  if (!tree.exists('package-lock.json')) return;
  updateJson<{ packages: Record<string, unknown> }>(tree, 'package-lock.json', (lock) => {
    const mine = (key: string): boolean =>
      demoServices.some((service) => `${key}/`.startsWith(`apps/${service}/`)) ||
      gone.some((one) => key === `node_modules/${one}`);
    for (const key of Object.keys(lock.packages)) if (mine(key)) delete lock.packages[key];
    return lock;
  });
}
