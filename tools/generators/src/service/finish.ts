import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

interface Packages {
  readonly packages: Record<string, unknown>;
}

const readJson = (file: string): Packages => JSON.parse(readFileSync(file, 'utf8')) as Packages;

/**
 * Makes `node_modules` agree with the lock after a project of the workspace was added or removed, as `npm install`
 * would, but without a network and in a moment: other packages do not change. npm's own record is written last, because
 * npm believes it only if it is newer than the folders.
 */
export function linkProjects(root: string): void {
  const recordOfNpm = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(recordOfNpm)) return;
  const [lock, installed] = [readJson(join(root, 'package-lock.json')), readJson(recordOfNpm)];
  const isProject = ([path, entry]: [string, unknown]): boolean =>
    path !== '' && (!path.startsWith('node_modules/') || (entry as { link?: boolean }).link === true);
  const wanted = Object.entries(lock.packages).filter(isProject);
  const names = new Set(wanted.map(([path]) => path));
  for (const [path] of Object.entries(installed.packages).filter(isProject))
    if (!names.has(path) && path.startsWith('node_modules/')) rmSync(join(root, path), { force: true });
  for (const [path, entry] of wanted)
    if (path.startsWith('node_modules/')) link(root, path, (entry as { resolved: string }).resolved);
  const others = Object.entries(installed.packages).filter((each) => !isProject(each));
  const packages = [...wanted, ...others].sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(recordOfNpm, JSON.stringify({ ...installed, packages: Object.fromEntries(packages) }, null, 2));
}

function link(root: string, path: string, project: string): void {
  const place = join(root, path);
  if (lstatSync(place, { throwIfNoEntry: false })) return;
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(relative(dirname(place), join(root, project)), place);
}

/** Builds what has changed, and writes every file that follows from the lists and the contracts. */
export function generate(root: string): void {
  if (moreStepsFollow()) return;
  execFileSync('npm', ['run', '--silent', 'generate'], { cwd: root, stdio: 'inherit' });
}

/** Records new contracts as published. */
export function recordContracts(root: string): void {
  if (moreStepsFollow()) return;
  execFileSync(process.execPath, ['tools/cli/causeway.mjs', 'contracts', 'snapshot'], { cwd: root, stdio: 'inherit' });
}

/** `update` does the steps of a fork one after the other; what follows from them is generated once, after the last. */
const moreStepsFollow = (): boolean => process.env['MORE_STEPS_FOLLOW'] === 'true';
