import { execFileSync } from 'node:child_process';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { generate, linkProjects } from '../service/finish.js';
import { addService } from '../service/service-generator.js';
import { planOf, type ServiceOptions } from '../service/plan.js';
import { forgetSteps, readRecord, recordStep, type TemplateStep } from '../template/steps.js';
import { contractFiles, dependentsOf } from './dependents.js';
import { entriesOf, textOf, type Entry } from './listed.js';
import { takeOut } from './take-out.js';

export interface RemoveServiceOptions {
  readonly name: string;
  /** Throw away what was edited by hand and is not committed. Default false. */
  readonly force?: boolean;
}

/**
 * Removes a service, with its contracts and everything that lists it.
 * @throws when there is none, when something depends on it, or when work would be lost; nothing is written then
 */
export async function removeServiceGenerator(
  tree: Tree,
  { name, force = false }: RemoveServiceOptions,
): Promise<GeneratorCallback> {
  const entry = entryOf(tree, name);
  const { steps } = readRecord(tree);
  const made = steps.find(({ generator, options }) => generator === 'service' && options['name'] === name);
  const dependents = dependentsOf(tree, name, made !== undefined);
  if (dependents.length > 0) throw new Error(refusal(name, dependents));
  const uncommitted = force ? [] : uncommittedFiles(tree, name);
  const before = new Map(uncommitted.map((file) => [file, textOf(tree, file)]));
  await takeOut(tree, entry);
  const edited = made ? await editedFiles(tree, made, before) : uncommitted;
  if (edited.length > 0)
    throw new Error(
      `${name} stays, because this is not committed and would be lost: ${edited.join(', ')}. Commit it, or add --force.`,
    );
  const about = ({ generator, options }: TemplateStep): boolean =>
    options['service'] === name || (generator === 'service' && options['name'] === name);
  if (made) forgetSteps(tree, about);
  else recordStep(tree, { generator: 'remove-service', options: { name } });
  return () => {
    linkProjects(tree.root);
    generate(tree.root);
  };
}

export default removeServiceGenerator;

function entryOf(tree: Tree, name: string): Entry {
  const entries = entriesOf(tree);
  const found = entries.find((entry) => entry.name === name);
  if (found) return found;
  throw new Error(`There is no service ${name}. There are: ${entries.map((entry) => entry.name).join(', ')}.`);
}

const refusal = (name: string, dependents: readonly string[]): string =>
  [
    `${name} stays, because something depends on it. Change that first: ${dependents.slice(0, 12).join('; ')}`,
    ...(dependents.length > 12 ? [`; and ${dependents.length - 12} more`] : []),
    '.',
  ].join('');

/** Files that the service has to itself and that git does not know as they are. */
function uncommittedFiles(tree: Tree, name: string): string[] {
  const places = [`apps/${name}`, ...contractFiles(tree, name).map((file) => `libs/contracts/src/${file}`)];
  const status = execFileSync('git', ['status', '--porcelain', '-z', '--untracked-files=all', '--', ...places], {
    cwd: tree.root,
    encoding: 'utf8',
  });
  return status
    .split('\0')
    .filter(Boolean)
    .filter((line) => !line.startsWith(' D') && !line.startsWith('D'))
    .map((line) => line.slice(3));
}

/**
 * Which of the files differ from what the generator makes: it makes them once more in the tree, and they are taken out
 * again.
 */
async function editedFiles(
  tree: Tree,
  { options }: TemplateStep,
  before: ReadonlyMap<string, string>,
): Promise<string[]> {
  if (before.size === 0) return [];
  await addService(tree, planOf(tree, options as unknown as ServiceOptions));
  const edited = [...before].filter(([file, text]) => !tree.exists(file) || textOf(tree, file) !== text);
  await takeOut(tree, entryOf(tree, (options as unknown as ServiceOptions).name));
  return edited.map(([file]) => file);
}
