import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { recordFile, type TemplateRecord, type TemplateStep } from '@causeway/generators/steps';
import type { Tooling } from '../src/update/tooling.js';
import { update, type UpdateOptions, type UpdateOutcome, type UpdateParts } from '../src/update/update.js';

/** Where the template is, seen from the fork. */
export const templateAddress = '../template';

/** A file is a text; `null` deletes it. */
export type Files = Readonly<Record<string, string | null>>;

/** A small repository of files, with Git and nothing else. */
export class Repository {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  write(files: Files): void {
    for (const [file, text] of Object.entries(files)) {
      const path = join(this.folder, file);
      mkdirSync(dirname(path), { recursive: true });
      if (text === null) rmSync(path);
      else writeFileSync(path, text);
    }
  }

  commit(message: string, files: Files): string {
    this.write(files);
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '--message', message);
    return this.git('rev-parse', 'HEAD');
  }

  read(file: string): string | undefined {
    return existsSync(join(this.folder, file)) ? readFileSync(join(this.folder, file), 'utf8') : undefined;
  }

  /** Everything that an abort has to leave as it was. */
  state(): unknown {
    return {
      head: this.git('rev-parse', 'HEAD'),
      on: this.git('branch', '--show-current'),
      refs: this.git('for-each-ref', '--format=%(refname) %(objectname)'),
      worktrees: this.git('worktree', 'list', '--porcelain').replaceAll(this.folder, ''),
      files: this.git('status', '--porcelain', '--untracked-files=all'),
      inGit: readdirSync(join(this.folder, '.git')).filter(
        (name) => name !== 'ORIG_HEAD' && /HEAD$|MERGE|lock|template/.test(name),
      ),
      config: this.git('config', '--local', '--list'),
    };
  }
}

/** 40 lines, so that changes in different places are different hunks. */
export const longText = (changes: Readonly<Record<number, string>> = {}): string =>
  Array.from({ length: 40 }, (_, line) => `${changes[line] ?? `line ${line}`}\n`).join('');

export const firstVersion: Files = {
  'package.json': '{ "name": "oldname" }\n',
  '.gitignore': 'cache/\n',
  'README.md': '# Oldname\n',
  [recordFile]: '{ "template": {}, "steps": [] }\n',
  'generators.txt': 'rename service remove',
  'package-lock.json': `${JSON.stringify({ name: 'oldname', packages: { '': { name: 'oldname' }, 'node_modules/a': { version: '1.0.0' } } }, null, 2)}\n`,
  'libs/text.ts': longText(),
  'libs/moved.ts': longText({ 0: 'this one moves' }),
  'libs/deleted.ts': longText({ 0: 'this one goes' }),
  'apps/order/main.ts': 'order of oldname\n',
  'apps/order/prisma/migrations/1_init/migration.sql': 'CREATE SCHEMA oldname;\n',
  'generated/list.txt': 'order\n',
  'docs/services.md': 'By hand.\n\n<!-- generated: list -->\n\norder\n\n<!-- end -->\n\nThe end.\n',
};

/** What a step or a command of the scene may do besides its work. */
export interface Interference {
  readonly onStep?: (folder: string, step: TemplateStep) => void;
  readonly onInstall?: () => void;
  readonly onGenerate?: (folder: string) => void;
  readonly onMigrate?: (folder: string) => void;
}

/** A template's generators, in miniature: they are in every version that names them in `generators.txt`. */
export function smallTooling(
  calls: string[] = [],
  { onStep, onInstall, onGenerate, onMigrate }: Interference = {},
): Tooling {
  const read = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');
  const list = (folder: string): string => readdirSync(join(folder, 'apps')).sort().join('\n');
  const run = (folder: string, { generator, options }: TemplateStep): void => {
    if (!read(folder, 'generators.txt').includes(generator)) throw new Error(`Cannot find the generator ${generator}`);
    const name = String(options['name']);
    const { name: current } = JSON.parse(read(folder, 'package.json')) as { name: string };
    const more = existsSync(join(folder, 'service.txt')) ? `${read(folder, 'service.txt')}\n` : '';
    if (generator === 'service')
      new Repository(folder).write({ [`apps/${name}/main.ts`]: `${name} of ${current}\n${more}` });
    if (generator === 'paint') new Repository(folder).write({ 'painted.txt': 'red\n' });
    if (generator === 'remove') rmSync(join(folder, 'apps', name), { recursive: true });
    if (generator !== 'rename') return;
    for (const file of execFileSync('git', ['ls-files'], { cwd: folder, encoding: 'utf8' }).trim().split('\n'))
      writeFileSync(join(folder, file), read(folder, file).replaceAll(current, name));
  };
  return {
    setUp: (folder) => Promise.resolve(void calls.push(`set up ${existsSync(join(folder, '.git'))}`)),
    runStep: async (folder, step) => {
      calls.push(`step ${step.generator}`);
      onStep?.(folder, step);
      await Promise.resolve().then(() => run(folder, step));
    },
    generatedFiles: () => Promise.resolve(['generated/list.txt', 'docs/services.md']),
    staleFiles: () => Promise.resolve([]),
    boundaryViolations: () => Promise.resolve([]),
    install: () => Promise.resolve().then(() => (calls.push('install'), onInstall?.())),
    migrate: (folder, names) =>
      Promise.resolve().then(() => (calls.push(`migrate ${names.join(' ')}`), onMigrate?.(folder))),
    generate: async (folder) => {
      calls.push('generate');
      await Promise.resolve().then(() => onGenerate?.(folder));
      const [before, after] = read(folder, 'docs/services.md').split(/(?<=list -->\n)[^]*(?=<!-- end)/);
      new Repository(folder).write({
        'generated/list.txt': `${list(folder)}\n`,
        'docs/services.md': `${before}\n${list(folder)}\n\n${after}`,
      });
    },
  };
}

function known(folder: string, ...args: string[]): Repository {
  mkdirSync(folder);
  const repository = new Repository(folder);
  repository.git(...args);
  repository.git('config', 'user.name', 'Ada');
  repository.git('config', 'user.email', 'ada@shop.example');
  return repository;
}

const clone = (template: Repository, folder: string, ...options: string[]): Repository =>
  known(folder, 'clone', '--quiet', ...options, `file://${template.folder}`, '.');

let made: string | undefined;

/** A template and a fork of its first version, made once: Git takes a second for what a copy takes no time for. */
function beginning(): string {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), 'update-beginning-'));
  const template = known(join(folder, 'template'), 'init', '--quiet', '--initial-branch=main', '.');
  template.commit('v1', firstVersion);
  template.git('tag', 'v1');
  clone(template, join(folder, 'fork'));
  return (made = folder);
}

/** For `afterAll`. */
export function forgetBeginning(): void {
  if (made !== undefined) rmSync(made, { recursive: true, force: true });
  made = undefined;
}

export class UpdateScene {
  readonly calls: string[] = [];
  readonly stopping = new AbortController();
  readonly template: Repository;
  fork: Repository;
  readonly folder: string;

  constructor(name = 'update-') {
    this.folder = mkdtempSync(join(tmpdir(), name));
    this.template = new Repository(join(this.folder, 'template'));
    this.fork = new Repository(join(this.folder, 'fork'));
    cpSync(beginning(), this.folder, { recursive: true });
    this.fork.git('remote', 'set-url', 'origin', `file://${this.template.folder}`);
  }

  clone(name: string, ...options: string[]): Repository {
    return clone(this.template, join(this.folder, name), ...options);
  }

  /** The template's second version. */
  release(files: Files, tag = 'v2'): void {
    this.template.commit(tag, files);
    this.template.git('tag', tag);
  }

  /** Both change one line, which conflicts, and the template has a new file. */
  changeBoth(): void {
    this.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }) });
    this.release({ 'libs/text.ts': longText({ 3: 'theirs' }), 'tools/new.ts': 'new\n' });
  }

  /** Begins an update in a process of its own, and sends the signal once it stands still at this moment. */
  async killedAt(moment: string, signal: NodeJS.Signals): Promise<void> {
    const fixture = join(import.meta.dirname, 'fixtures/endless-update.mjs');
    const options = ['--experimental-transform-types', '--no-warnings', fixture, this.fork.folder, moment];
    const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    child.stdout.once('data', () => child.kill(signal));
    await ended;
  }

  parts(interference: Interference = {}): UpdateParts {
    return {
      repository: this.fork.folder,
      cache: join(this.fork.folder, 'cache'),
      tooling: smallTooling(this.calls, interference),
      say: () => undefined,
      signal: this.stopping.signal,
    };
  }

  run(options: UpdateOptions = {}, interference: Interference = {}): Promise<UpdateOutcome> {
    return update({ from: templateAddress, ...options }, this.parts(interference));
  }

  record(): TemplateRecord {
    return JSON.parse(this.fork.read(recordFile)!) as TemplateRecord;
  }

  /** The fork does steps as its generators would, and commits each. */
  async steps(...wanted: [generator: string, name: string][]): Promise<void> {
    for (const [generator, name] of wanted) {
      await this.step(generator, { name });
      this.fork.commit(generator, {});
    }
  }

  /** The fork does a step as a generator would, and records it. */
  async step(generator: string, options: TemplateStep['options']): Promise<void> {
    const record = JSON.parse(this.fork.read(recordFile)!) as { template: object; steps: TemplateStep[] };
    const step = { generator, options };
    await smallTooling().runStep(this.fork.folder, step, true);
    this.fork.write({ [recordFile]: JSON.stringify({ ...record, steps: [...record.steps, step] }) });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
