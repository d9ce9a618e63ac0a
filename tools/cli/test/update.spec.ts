import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { recordFile, type TemplateRecord } from '@causeway/generators/steps';
import { abortUpdate, continueUpdate, update, type UpdateOptions, type UpdateOutcome } from '../src/update/update.js';
import { forgetBeginning, longText, UpdateScene, type Interference } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = new UpdateScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

const from = '../template';
const run = (options: UpdateOptions = {}, interference: Interference = {}): Promise<UpdateOutcome> =>
  update({ from, ...options }, scene.parts(interference));
const record = () => JSON.parse(scene.fork.read(recordFile)!) as TemplateRecord;
/** The fork does steps as its generators would, and commits. */
async function steps(...wanted: [generator: string, name: string][]): Promise<void> {
  for (const [generator, name] of wanted) {
    await scene.step(generator, { name });
    scene.fork.commit(generator, {});
  }
}

describe('what is merged', () => {
  test('only the template changed: its text; only the fork: the fork’s; different places: both', async () => {
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }), 'apps/order/main.ts': 'order, better\n' });
    scene.release({
      'libs/text.ts': longText({ 30: 'theirs' }),
      'README.md': '# Oldname\n\nMore.\n',
      'tools/new.ts': 'a check\n',
    });
    expect(await run()).toMatchObject({ state: 'done', update: { branch: 'template-update-v2' } });
    expect(scene.fork.git('branch', '--show-current')).toBe('template-update-v2');
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 3: 'ours', 30: 'theirs' }));
    expect(scene.fork.read('apps/order/main.ts')).toBe('order, better\n');
    expect(scene.fork.read('README.md')).toBe('# Oldname\n\nMore.\n');
    expect(scene.fork.read('tools/new.ts')).toBe('a check\n');
    expect(scene.fork.git('status', '--porcelain')).toBe('');
    expect(record().template).toEqual({
      repository: from,
      commit: scene.template.git('rev-parse', 'v2'),
      version: 'v2',
    });
  });

  test('it is a merge: the fork’s history is in it, and its branch stays where it was', async () => {
    const before = scene.fork.commit('ours', { 'mine.ts': 'mine\n' });
    scene.release({ 'tools/new.ts': 'a check\n' });
    await run();
    expect(scene.fork.git('rev-parse', 'main')).toBe(before);
    expect(scene.fork.git('merge-base', 'main', 'HEAD')).toBe(before);
    expect(scene.fork.git('log', '--first-parent', '--format=%s', 'main..')).toBe(
      'Template v2: dependencies, generated files, record\nMerge the template v2\nJoin the template v1: what this repository was made from',
    );
  });

  test('a file that the template moved takes the fork’s change along', async () => {
    scene.fork.commit('ours', { 'libs/moved.ts': longText({ 0: 'this one moves', 20: 'ours' }) });
    scene.release({ 'libs/moved.ts': null, 'libs/there/moved.ts': longText({ 0: 'this one moves' }) });
    expect(await run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read('libs/moved.ts')).toBeUndefined();
    expect(scene.fork.read('libs/there/moved.ts')).toBe(longText({ 0: 'this one moves', 20: 'ours' }));
  });

  test('a file that the fork added to a folder that the template moved goes along', async () => {
    const parts = (folder: string, text: string | null) =>
      Object.fromEntries(['a', 'b', 'c'].map((name) => [`${folder}/${name}.ts`, text && longText({ 0: name })]));
    scene.release(parts('libs/part', ''.padEnd(1)), 'v1.1');
    scene.fork = scene.clone('later');
    scene.fork.commit('ours', { 'libs/part/mine.ts': 'mine\n' });
    scene.release({ ...parts('libs/part', null), ...parts('libs/whole', ' ') });
    expect(await run()).toMatchObject({ state: 'done', update: { from: { version: 'v1.1' } } });
    expect(scene.fork.read('libs/whole/mine.ts')).toBe('mine\n');
    expect(scene.fork.read('libs/part/mine.ts')).toBeUndefined();
  });

  test('a file that nobody changed here goes with the template; one that was deleted here stays away', async () => {
    scene.fork.commit('ours', { 'README.md': null });
    scene.release({ 'libs/deleted.ts': null, 'libs/text.ts': longText({ 1: 'theirs' }) });
    expect(await run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read('libs/deleted.ts')).toBeUndefined();
    expect(scene.fork.read('README.md')).toBeUndefined();
  });

  test('a rename, a service and a removal are done to both versions: no conflict, and new files have the fork’s name', async () => {
    await steps(['rename', 'newname'], ['service', 'invoice'], ['remove', 'order']);
    expect(scene.fork.read('apps/invoice/main.ts')).toBe('invoice of newname\n');
    scene.release({
      'libs/text.ts': longText({ 5: 'by oldname' }),
      'apps/order/main.ts': 'order of oldname, two\n',
      'tools/new.ts': 'oldname\n',
    });
    expect(await run()).toMatchObject({ state: 'done', update: { leftOut: [] } });
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 5: 'by newname' }));
    expect(scene.fork.read('tools/new.ts')).toBe('newname\n');
    expect(scene.fork.read('apps/order/main.ts')).toBeUndefined();
    expect(scene.fork.read('apps/invoice/main.ts')).toBe('invoice of newname\n');
    expect(record().steps).toHaveLength(3);
  });

  test('what a generator of the new version does better arrives in the service that it made', async () => {
    await steps(['service', 'invoice']);
    scene.fork.commit('ours', { 'apps/invoice/mine.ts': 'mine\n' });
    scene.release({ 'service.txt': 'and its tests' });
    expect(await run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read('apps/invoice/main.ts')).toBe('invoice of oldname\nand its tests\n');
    expect(scene.fork.read('apps/invoice/mine.ts')).toBe('mine\n');
  });

  test('a step that the new version cannot do is named and left out on both sides: what it made stays', async () => {
    await steps(['service', 'invoice'], ['rename', 'newname']);
    scene.release({ 'generators.txt': 'rename remove', 'libs/text.ts': longText({ 5: 'theirs' }) });
    const outcome = await run();
    expect(outcome).toMatchObject({
      state: 'done',
      update: {
        leftOut: [{ step: { generator: 'service' }, version: 'v2', reason: 'Cannot find the generator service' }],
      },
    });
    expect(scene.fork.read('apps/invoice/main.ts')).toBe('invoice of newname\n');
    expect(record().steps).toHaveLength(2);
  });

  test('a step that the old version cannot do is left out of the new one, too', async () => {
    await steps(['rename', 'newname']);
    scene.fork.write({
      [recordFile]: JSON.stringify({
        template: {},
        steps: [
          { generator: 'rename', options: { name: 'newname' } },
          { generator: 'paint', options: { name: 'x' } },
        ],
      }),
    });
    scene.fork.commit('a record by hand', {});
    scene.release({ 'generators.txt': 'rename service remove paint', 'libs/text.ts': longText({ 5: 'oldname' }) });
    expect(await run()).toMatchObject({
      state: 'done',
      update: { leftOut: [{ step: { generator: 'paint' }, version: 'v1' }] },
    });
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 5: 'newname' }));
    expect(scene.fork.read('painted.txt')).toBeUndefined();
  });
});

describe('conflicts', () => {
  const conflicting = (): void => {
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }), 'libs/deleted.ts': longText({ 3: 'ours' }) });
    scene.release({ 'libs/text.ts': longText({ 3: 'theirs', 30: 'theirs' }), 'libs/deleted.ts': null });
  };

  test('both changed the same lines: the files are named, and nothing is committed', async () => {
    conflicting();
    const outcome = await run();
    expect(outcome).toMatchObject({
      state: 'conflicts',
      conflicts: [
        { file: 'libs/deleted.ts', what: 'changed here, deleted or moved in the template' },
        { file: 'libs/text.ts', what: 'changed here and in the template' },
      ],
    });
    expect(scene.calls).not.toContain('install');
    await expect(run()).rejects.toThrow(/an update has begun/);
    expect(await continueUpdate(scene.parts())).toMatchObject({ state: 'conflicts', conflicts: [{}, {}] });
  });

  test.each(['staged', 'committed'])('resolved and %s: --continue does the rest', async (how) => {
    conflicting();
    await run();
    scene.fork.write({ 'libs/text.ts': longText({ 3: 'both', 30: 'theirs' }) });
    scene.fork.git('rm', '--quiet', 'libs/deleted.ts');
    scene.fork.git('add', 'libs/text.ts');
    if (how === 'committed') scene.fork.git('commit', '--quiet', '--no-edit');
    expect(await continueUpdate(scene.parts())).toMatchObject({ state: 'done' });
    expect(scene.fork.git('show', 'HEAD:libs/text.ts')).toBe(longText({ 3: 'both', 30: 'theirs' }).trim());
    expect(record().template.version).toBe('v2');
    expect(scene.fork.git('status', '--porcelain')).toBe('');
    await expect(continueUpdate(scene.parts())).rejects.toThrow(/no update has begun/);
  });

  test('a file that still has markers is not taken for resolved', async () => {
    conflicting();
    await run();
    scene.fork.git('add', '--all');
    expect(await continueUpdate(scene.parts())).toMatchObject({
      state: 'conflicts',
      conflicts: [{ file: 'libs/text.ts', what: 'still has conflict markers' }],
    });
  });

  test('--continue elsewhere, or after the merge was thrown away, says so', async () => {
    conflicting();
    await run();
    scene.fork.git('merge', '--abort');
    await expect(continueUpdate(scene.parts())).rejects.toThrow(/the merge is gone/);
    scene.fork.git('switch', '--quiet', 'main');
    await expect(continueUpdate(scene.parts())).rejects.toThrow(/is on the branch template-update-v2/);
  });

  test('the lock, the record and generated files are never left to a person', async () => {
    await steps(['service', 'invoice']);
    const lock = (packages: object) => `${JSON.stringify({ name: 'oldname', packages }, null, 2)}\n`;
    const a = 'node_modules/a';
    scene.fork.commit('ours', {
      'package-lock.json': lock({
        '': { name: 'oldname', ours: 1 },
        [a]: { version: '1.0.0' },
        'node_modules/b': { version: '2.0.0' },
      }),
      'generated/list.txt': 'invoice and order\n',
      'docs/services.md':
        'By hand, ours.\n\n<!-- generated: list -->\n\ninvoice and order\n\n<!-- end -->\n\nThe end.\n',
    });
    scene.release({
      'package-lock.json': lock({
        '': { name: 'oldname' },
        [a]: { version: '1.1.0' },
        'node_modules/c': { version: '3.0.0' },
      }),
      'generated/list.txt': 'order and user\n',
      'apps/user/main.ts': 'user\n',
      'docs/services.md':
        'By hand.\n\n<!-- generated: list -->\n\norder and user\n\n<!-- end -->\n\nThe end, theirs.\n',
      [recordFile]: '{ "template": { "repository": "elsewhere" }, "steps": [] }\n',
    });
    expect(await run()).toMatchObject({ state: 'done' });
    expect(JSON.parse(scene.fork.read('package-lock.json')!)).toEqual({
      name: 'oldname',
      packages: {
        '': { name: 'oldname', ours: 1 },
        [a]: { version: '1.1.0' },
        'node_modules/b': { version: '2.0.0' },
        'node_modules/c': { version: '3.0.0' },
      },
    });
    expect(scene.fork.read('generated/list.txt')).toBe('invoice\norder\nuser\n');
    expect(scene.fork.read('docs/services.md')).toBe(
      'By hand, ours.\n\n<!-- generated: list -->\n\ninvoice\norder\nuser\n\n<!-- end -->\n\nThe end, theirs.\n',
    );
    expect(record()).toMatchObject({ template: { repository: from }, steps: [{ generator: 'service' }] });
  });

  test('contracts that both added stand beside each other in the record; one that both changed is a conflict', async () => {
    const file = 'libs/contracts/published.json';
    const contracts = (entries: object) => `${JSON.stringify(entries, null, 2)}\n`;
    scene.release({ [file]: contracts({ a: { v: 1 }, b: { v: 1 } }) }, 'v1.1');
    scene.fork = scene.clone('later');
    scene.fork.commit('ours', { [file]: contracts({ a: { v: 1 }, b: { v: 1 }, ours: { v: 1 } }) });
    scene.release({ [file]: contracts({ a: { v: 2 }, b: { v: 1 }, theirs: { v: 1 } }) });
    expect(await run()).toMatchObject({ state: 'done' });
    expect(JSON.parse(scene.fork.read(file)!)).toEqual({ a: { v: 2 }, b: { v: 1 }, ours: { v: 1 }, theirs: { v: 1 } });
    scene.fork.commit('ours', { [file]: contracts({ a: { v: 3 }, b: { v: 1 } }) });
    scene.release({ [file]: contracts({ a: { v: 4 }, b: { v: 1 } }) }, 'v3');
    expect(await run()).toMatchObject({ state: 'conflicts', conflicts: [{ file }] });
  });

  test('what people wrote around a generated part is a conflict like any other', async () => {
    const page = (end: string) => `By hand.\n\n<!-- generated: list -->\n\norder\n\n<!-- end -->\n\n${end}\n`;
    scene.fork.commit('ours', { 'docs/services.md': page('ours') });
    scene.release({ 'docs/services.md': page('theirs') });
    expect(await run()).toMatchObject({ state: 'conflicts', conflicts: [{ file: 'docs/services.md' }] });
  });
});

describe('migrations', () => {
  const init = 'apps/order/prisma/migrations/1_init/migration.sql';

  test.each([
    ['changed', 'CREATE SCHEMA better;\n'],
    ['removed', null],
  ])('one that the template %s stays as it is here, and is named; a new one is added', async (template, text) => {
    scene.release({ [init]: text, 'apps/order/prisma/migrations/2_more/migration.sql': 'SELECT 1;\n' });
    expect(await run()).toMatchObject({ state: 'done', update: { keptMigrations: [{ file: init, template }] } });
    expect(scene.fork.read(init)).toBe('CREATE SCHEMA oldname;\n');
    expect(scene.fork.read('apps/order/prisma/migrations/2_more/migration.sql')).toBe('SELECT 1;\n');
  });

  test('one that both added keeps the fork’s text, and a moved service leaves them where they were', async () => {
    const added = 'apps/order/prisma/migrations/2_more/migration.sql';
    const own = 'apps/order/prisma/migrations/3_own/migration.sql';
    scene.fork.commit('ours', { [added]: 'SELECT 1;\n', [own]: 'SELECT 3;\n' });
    scene.release({
      [added]: 'SELECT 2;\n',
      [init]: null,
      'apps/order/main.ts': null,
      'apps/orders/main.ts': 'order of oldname\n',
      'apps/orders/prisma/migrations/1_init/migration.sql': 'CREATE SCHEMA oldname;\n',
    });
    expect(await run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read(added)).toBe('SELECT 1;\n');
    expect(scene.fork.read(init)).toBe('CREATE SCHEMA oldname;\n');
    expect(scene.fork.read(own)).toBe('SELECT 3;\n');
    expect(scene.fork.read(own.replace('order', 'orders'))).toBeUndefined();
  });

  test('one of a library is one, too', async () => {
    const library = 'libs/messaging/migrations/20261121000000_outbox/migration.sql';
    scene.fork.commit('ours', { [library]: 'SELECT 1;\n' });
    scene.release({ [library]: 'SELECT 2;\n' });
    expect(await run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read(library)).toBe('SELECT 1;\n');
  });

  test('a program that rewrites one after the merge does not get through', async () => {
    scene.release({ 'README.md': '# Two\n' });
    await run({}, { onGenerate: () => scene.fork.write({ [init]: 'DROP SCHEMA oldname;\n' }) });
    expect(scene.fork.read(init)).toBe('CREATE SCHEMA oldname;\n');
  });
});

describe('after the merge', () => {
  test('dependencies, then the Nx migrations that are new, then generated files', async () => {
    const file = 'tools/generators/migrations.json';
    scene.fork = scene.clone('later');
    scene.release({ [file]: '{ "generators": { "one": {} } }' });
    await run();
    scene.fork.git('switch', '--quiet', 'main');
    scene.fork.git('merge', '--quiet', 'template-update-v2');
    scene.release({ [file]: '{ "generators": { "one": {}, "two": {}, "three": {} } }' }, 'v3');
    scene.calls.length = 0;
    expect(await run()).toMatchObject({ state: 'done' });
    expect(scene.calls.slice(-4)).toEqual(['install', 'set up true', 'migrate two three', 'generate']);
  });

  test('something fails: the merge stays for a person to mend, --continue does not repeat an Nx migration', async () => {
    scene.release({ 'tools/generators/migrations.json': '{ "generators": { "one": {} } }', 'libs/text.ts': 'two\n' });
    let broken = true;
    const interference = {
      onMigrate: (folder: string) => void scene.fork.write({ 'migrated.txt': folder }),
      onGenerate: () => {
        if (broken) throw new Error('libs/text.ts does not compile');
      },
    };
    expect(await run({}, interference)).toMatchObject({ state: 'unfinished', reason: 'libs/text.ts does not compile' });
    expect(scene.fork.git('log', '-1', '--format=%s')).toBe('Merge the template v2');
    broken = false;
    scene.fork.write({ 'libs/text.ts': 'two, mended\n' });
    expect(await continueUpdate(scene.parts(interference))).toMatchObject({ state: 'done' });
    expect(scene.calls.filter((call) => call.startsWith('migrate'))).toEqual(['migrate one']);
    expect(scene.fork.git('show', 'HEAD:libs/text.ts')).toBe('two, mended');
    expect(scene.fork.git('status', '--porcelain')).toBe('');
  });

  test('a second update is empty, on the branch and after it was merged, by whatever kind of merge', async () => {
    scene.release({ 'libs/text.ts': 'two\n' });
    await run();
    const before = scene.fork.state();
    expect(await update({}, scene.parts())).toMatchObject({ state: 'current', to: { version: 'v2' } });
    expect(await run({ to: 'v2' })).toMatchObject({ state: 'current' });
    expect(scene.fork.state()).toEqual(before);
    scene.fork.git('switch', '--quiet', 'main');
    await expect(run()).rejects.toThrow(/there is a branch template-update-v2 already/);
    scene.fork.git('merge', '--quiet', '--squash', 'template-update-v2');
    scene.fork.git('commit', '--quiet', '--message', 'v2');
    scene.fork.git('branch', '-D', 'template-update-v2');
    expect(await run()).toMatchObject({ state: 'current' });
    scene.release({ 'libs/text.ts': 'three\n' }, 'v3');
    expect(await run()).toMatchObject({ state: 'done', update: { from: { version: 'v2' }, to: { version: 'v3' } } });
    expect(scene.fork.read('libs/text.ts')).toBe('three\n');
  });

  test('the next update sets up one version only: the other is kept from this one', async () => {
    await steps(['rename', 'newname']);
    scene.release({ 'libs/text.ts': 'two\n' });
    await run();
    scene.release({ 'libs/text.ts': 'three\n' }, 'v3');
    scene.calls.length = 0;
    expect(await run()).toMatchObject({ state: 'done' });
    // The other call is for the fork itself.
    expect(scene.calls.filter((call) => call.startsWith('set up'))).toHaveLength(2);
  });
});

describe('nothing is left behind', () => {
  const change = (): void => {
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }) });
    scene.release({ 'libs/text.ts': longText({ 3: 'theirs' }), 'tools/new.ts': 'new\n' });
  };

  test('--abort with conflicts, also after somebody worked on them', async () => {
    change();
    const before = scene.fork.state();
    await run();
    scene.fork.write({ 'libs/text.ts': 'half', 'notes.txt': 'mine' });
    await abortUpdate(scene.parts());
    expect(scene.fork.state()).toEqual(before);
    await expect(abortUpdate(scene.parts())).rejects.toThrow(/no update has begun/);
  });

  test('--abort after the merge was committed, and from another branch, whose files stay', async () => {
    change();
    const before = scene.fork.state();
    await run();
    scene.fork.git('checkout', '--theirs', 'libs/text.ts');
    scene.fork.git('commit', '--quiet', '--all', '--no-edit');
    await abortUpdate(scene.parts());
    expect(scene.fork.state()).toEqual(before);
    await run();
    scene.fork.git('reset', '--quiet', '--hard');
    scene.fork.git('switch', '--quiet', 'main');
    scene.fork.write({ 'draft.txt': 'mine' });
    await abortUpdate(scene.parts());
    expect(scene.fork.read('draft.txt')).toBe('mine');
    scene.fork.write({ 'draft.txt': null });
    expect(scene.fork.state()).toEqual(before);
  });

  test.each([
    ['while a step is replayed', 'onStep'],
    ['while dependencies are installed', 'onInstall'],
    ['while files are generated', 'onGenerate'],
  ])('Ctrl-C %s', async (_, moment) => {
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }) });
    await steps(['rename', 'newname']);
    scene.release({ 'tools/new.ts': 'new\n' });
    const before = scene.fork.state();
    const stop = (): void => {
      if (moment !== 'onStep') scene.fork.write({ 'half-written.txt': 'half' });
      scene.stopping.abort();
    };
    await expect(run({}, { [moment]: stop })).rejects.toThrow('stopped');
    expect(scene.fork.state()).toEqual(before);
  });

  /** Begins an update in a process of its own, and sends the signal once it stands still. */
  async function killed(moment: string, signal: NodeJS.Signals): Promise<void> {
    const fixture = join(import.meta.dirname, 'fixtures/endless-update.mjs');
    const options = ['--experimental-transform-types', '--no-warnings', fixture, scene.fork.folder, moment];
    const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    child.stdout.once('data', () => child.kill(signal));
    await ended;
  }

  test.each(['setUp', 'install', 'generate'])('the process ends in the middle, during %s', async (moment) => {
    change();
    scene.fork.git('reset', '--quiet', '--hard', 'HEAD^');
    const before = scene.fork.state();
    await killed(moment, 'SIGTERM');
    expect(scene.fork.state()).toEqual(before);
    expect(readdirSync(join(scene.fork.folder, 'cache')).filter((name) => name.startsWith('work'))).toEqual([]);
  });

  test('the process is killed in the middle: the next one says so, and --abort cleans up', async () => {
    change();
    scene.fork.git('reset', '--quiet', '--hard', 'HEAD^');
    const before = scene.fork.state();
    await killed('generate', 'SIGKILL');
    await expect(run()).rejects.toThrow(/an update has begun/);
    await abortUpdate(scene.parts());
    expect(scene.fork.state()).toEqual(before);
  });

  test('a failure before the merge is finished', async () => {
    change();
    const before = scene.fork.state();
    const parts = scene.parts();
    const broken = { ...parts.tooling, setUp: () => Promise.reject(new Error('npm ci failed')) };
    await expect(update({ from }, { ...parts, tooling: broken })).rejects.toThrow('npm ci failed');
    // As of a large file whose filter is not installed.
    scene.fork.write({ '.git/info/attributes': 'tools/new.ts filter=absent\n' });
    scene.fork.git('config', 'filter.absent.required', 'true');
    scene.fork.git('config', 'filter.absent.smudge', 'false');
    await expect(run()).rejects.toThrow(/git merge failed/);
    scene.fork.git('config', '--remove-section', 'filter.absent');
    expect(scene.fork.state()).toEqual(before);
  });

  test('settings and hooks of a person do not get in the way', async () => {
    change();
    const hook = join(scene.fork.folder, '.git/hooks/prepare-commit-msg');
    scene.fork.write({ '.git/hooks/prepare-commit-msg': '#!/bin/sh\nexit 1\n' });
    chmodSync(hook, 0o755);
    for (const [name, value] of [
      ['merge.ff', 'only'],
      ['merge.verifySignatures', 'true'],
      ['diff.noprefix', 'true'],
      ['status.short', 'true'],
      ['status.branch', 'true'],
      ['merge.conflictStyle', 'diff3'],
      ['core.quotePath', 'true'],
    ] as const)
      scene.fork.git('config', name, value);
    expect(await run()).toMatchObject({ state: 'conflicts', conflicts: [{ file: 'libs/text.ts' }] });
  });

  test('--dry-run says what would come, and where conflicts would be', async () => {
    change();
    const before = scene.fork.state();
    expect(await run({ dryRun: true })).toMatchObject({
      state: 'planned',
      plan: { from: { version: 'v1' }, to: { version: 'v2' }, commits: [expect.stringMatching(/ v2$/)] },
      conflicts: [{ file: 'libs/text.ts' }],
    });
    expect(scene.fork.state()).toEqual(before);
  });
});

describe('where it begins', () => {
  test('a dirty tree, a merge in progress, and a place that is no repository are refused', async () => {
    scene.release({ 'libs/text.ts': 'two\n' });
    scene.fork.write({ 'draft.txt': 'draft' });
    await expect(run()).rejects.toThrow(/changes that are not committed/);
    scene.fork.write({ 'draft.txt': null });
    scene.fork.git('update-ref', 'MERGE_HEAD', 'HEAD');
    await expect(run()).rejects.toThrow(/in the middle of a merge/);
    scene.fork.git('update-ref', '-d', 'MERGE_HEAD');
    const parts = scene.parts();
    await expect(update({ from }, { ...parts, repository: join(scene.fork.folder, 'libs') })).rejects.toThrow(
      /is not the root of a Git repository/,
    );
    await expect(update({ from }, { ...parts, repository: scene.folder })).rejects.toThrow(
      /is not the root of a Git repository/,
    );
  });

  test('a detached HEAD: the branch begins there, and --abort goes back there', async () => {
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }) });
    scene.fork.git('checkout', '--quiet', '--detach');
    scene.release({ 'libs/text.ts': longText({ 3: 'theirs' }) });
    const before = scene.fork.state();
    expect(await run()).toMatchObject({ state: 'conflicts' });
    await abortUpdate(scene.parts());
    expect(scene.fork.state()).toEqual(before);
  });

  test('a shallow clone', async () => {
    scene.release({ 'README.md': '# More\n' }, 'v1.1');
    scene.fork = scene.clone('shallow', '--depth=1');
    scene.fork.commit('theirs, too', { 'README.md': '# More than that\n' });
    scene.fork.commit('ours', { 'mine.ts': 'mine\n' });
    scene.release({ 'libs/text.ts': 'two\n' });
    expect(await run()).toMatchObject({ state: 'done', update: { from: { version: 'v1.1' } } });
    expect(scene.fork.read('libs/text.ts')).toBe('two\n');
  });

  test('paths with blanks and other letters', async () => {
    const spaced = new UpdateScene('update here, "too": ü ');
    try {
      spaced.release({ 'README.md': '# More\n' }, 'v1.1');
      spaced.fork = spaced.clone('our fork');
      spaced.fork.commit('ours', { 'libs/with blank ü.ts': 'mine\n', 'libs/text.ts': longText({ 3: 'ours' }) });
      spaced.release({ 'libs/a "b" c.ts': 'theirs\n', 'libs/text.ts': longText({ 30: 'theirs' }) });
      expect(await update({ from }, spaced.parts())).toMatchObject({
        state: 'done',
        update: { from: { version: 'v1.1' } },
      });
      expect(spaced.fork.read('libs/a "b" c.ts')).toBe('theirs\n');
    } finally {
      spaced.remove();
    }
  });

  test('a fork without the template’s history is found by its first files', async () => {
    const tree = scene.fork.git('rev-parse', 'HEAD^{tree}');
    const first = scene.fork.git('commit-tree', tree, '-m', 'Initial commit');
    scene.fork.git('reset', '--quiet', '--hard', first);
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }) });
    scene.release({ 'libs/text.ts': longText({ 30: 'theirs' }) });
    expect(await run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 3: 'ours', 30: 'theirs' }));
  });

  test('no commit of the template at all: --base is asked for, and taken', async () => {
    scene.fork.write({ 'libs/text.ts': longText({ 3: 'ours' }) });
    scene.fork.git('add', '--all');
    const first = scene.fork.git('commit-tree', scene.fork.git('write-tree'), '-m', 'Initial commit');
    scene.fork.git('reset', '--quiet', '--hard', first);
    scene.release({ 'libs/text.ts': longText({ 30: 'theirs' }) });
    await expect(run()).rejects.toMatchObject({
      message: expect.stringMatching(/no commit of .* is in the history/),
      remedy: expect.stringContaining('--base <commit>'),
    });
    await expect(run({ base: 'v9' })).rejects.toThrow(/does not have the commit v9/);
    expect(await run({ base: 'v1' })).toMatchObject({ state: 'done' });
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 3: 'ours', 30: 'theirs' }));
  });

  test('where the template is has to be known; what is not there is named', async () => {
    await expect(update({}, scene.parts())).rejects.toMatchObject({
      remedy: expect.stringContaining('--from <repository>'),
    });
    await expect(run({ from: '../nowhere' })).rejects.toThrow(/cannot be fetched from \.\.\/nowhere/);
    await expect(run({ to: 'v7' })).rejects.toMatchObject({
      message: '../template has no v7',
      remedy: 'Its tags: v1.',
    });
  });

  test('the newest version is the default, a branch and a commit are taken, and there is no way back', async () => {
    scene.release({ 'libs/text.ts': 'two\n' }, 'v2');
    scene.release({ 'libs/text.ts': 'ten\n' }, 'v10');
    const later = scene.template.commit('not released', { 'libs/text.ts': 'eleven\n' });
    expect(await run({ dryRun: true })).toMatchObject({ plan: { to: { version: 'v10' } } });
    expect(await run({ dryRun: true, to: 'main' })).toMatchObject({ plan: { to: { commit: later } } });
    expect(await run({ to: later.slice(0, 8) })).toMatchObject({
      state: 'done',
      update: { branch: `template-update-${later.slice(0, 12)}` },
    });
    expect(await run()).toMatchObject({ state: 'current' });
    await expect(run({ to: 'v2' })).rejects.toThrow(/v2 is older than/);
  });
});
