// Does a recorded step to the repository that this file is built in, for `update`. Its argument is the step as JSON, so
// that options keep their types: on Nx's command line the time stamp 20261128064605 is a number, and a comma separates.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { flushChanges, FsTree } from 'nx/src/generators/tree.js';
import type { TemplateStep } from './template/steps.js';

type Generator = (tree: Tree, options: unknown) => Promise<GeneratorCallback | void>;

const project = join(import.meta.dirname, '..');
const root = join(project, '../..');

async function runStep({ generator, options }: TemplateStep): Promise<void> {
  const { generators } = JSON.parse(readFileSync(join(project, 'generators.json'), 'utf8')) as {
    generators: Record<string, { factory: string } | undefined>;
  };
  const [file, name = 'default'] = generators[generator]?.factory.split('#') ?? [];
  if (file === undefined) throw new Error(`there is no generator ${generator}`);
  const module = (await import(join(project, file))) as Record<string, Generator>;
  const tree = new FsTree(root, false);
  const finish = await module[name]?.(tree, options);
  flushChanges(root, tree.listChanges());
  await finish?.();
}

runStep(JSON.parse(process.argv[2] ?? '{}') as TemplateStep).catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
