import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { formatFiles, type Tree } from '@nx/devkit';
import { readRecord, recordFile, writeRecord, type TemplateRecord, type TemplateStep } from '../template/steps.js';
import { problemOfName, renameText, titleOf, type RepositoryNames } from './names.js';

export interface RenameOptions {
  readonly name: string;
  readonly title?: string;
}

const changelog = 'CHANGELOG.md';
/** Who wrote the template does not change with its name. */
const untouched = new Set(['LICENSE', changelog, recordFile]);

/**
 * Renames the repository: packages, titles, schema, namespace, images, metrics, files. What git ignores stays: data
 * folders, builds and secrets have the old name, and are made anew.
 * @throws when the name cannot be used
 */
export async function renameGenerator(tree: Tree, options: RenameOptions): Promise<void> {
  const from = currentNames(tree);
  const to = { name: options.name, title: options.title?.trim() || titleOf(options.name) };
  const files = trackedFiles(tree.root);
  const problem = problemOfName(to.name, projectNames(files));
  if (problem !== undefined) throw new Error(`The name cannot be used: ${problem}.`);
  if (/["'`\\<>{}$\n]/.test(to.title)) throw new Error(`The title cannot have quotes, brackets or $: ${to.title}`);

  const moved = new Map<string, number>();
  for (const file of files) {
    if (untouched.has(file)) continue;
    const bytes = tree.read(file);
    if (bytes === null || bytes.includes(0)) continue;
    const text = bytes.toString('utf8');
    const renamed = renameText(text, from, to);
    const target = renameText(file, from, to);
    if (renamed === text && target === file) continue;
    tree.write(target, renamed);
    if (target !== file) moved.set(target, statSync(join(tree.root, file)).mode);
    if (target !== file) tree.delete(file);
  }
  const before = tree.exists(changelog) ? (tree.read(changelog, 'utf8') ?? '') : '# Changes\n';
  tree.write(changelog, `${before}\n- Made from the template ${from.title}; ${to.title} from here on.\n`);
  recordRename(tree, from, to);
  await formatFiles(tree);
  // An executable under a new name would be none. Last, because formatting writes files anew.
  for (const [file, mode] of moved) tree.changePermissions(file, mode);
}

export default renameGenerator;

/** The last rename is the only one that counts: whoever does it again starts from the template's own name. */
function recordRename(tree: Tree, from: RepositoryNames, to: RepositoryNames): void {
  const record = readRecord(tree);
  const others = renamedSteps(record, from, to).filter(({ generator }) => generator !== 'rename');
  writeRecord(tree, { ...record, steps: [{ generator: 'rename', options: { ...to } }, ...others] });
  // This program has the name of the file in it that it had before.
  const text = tree.read(recordFile, 'utf8');
  if (text === null) return;
  tree.delete(recordFile);
  tree.write(renameText(recordFile, from, to), text);
}

/** Titles that a generator was told: what it made has the new name now. */
const renamedSteps = ({ steps }: TemplateRecord, from: RepositoryNames, to: RepositoryNames): readonly TemplateStep[] =>
  JSON.parse(renameText(JSON.stringify(steps), from, to)) as readonly TemplateStep[];

function currentNames(tree: Tree): RepositoryNames {
  const { name } = JSON.parse(tree.read('package.json', 'utf8') ?? '{}') as { name: string };
  const title = /^# (.+)$/m.exec(tree.read('README.md', 'utf8') ?? '')?.[1] ?? titleOf(name);
  return { name, title };
}

const trackedFiles = (root: string): string[] =>
  execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);

/** `order` of `apps/order`: names that stand beside that of the repository. */
function projectNames(files: readonly string[]): string[] {
  return files
    .filter((file) => /^(apps|libs|tools)\/[^/]+\/package\.json$/.test(file))
    .map((file) => file.split('/')[1] ?? '');
}
