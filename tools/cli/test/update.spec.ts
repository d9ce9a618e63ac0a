import { join } from 'node:path';
import { abortUpdate, continueUpdate, update } from '../src/update/update.js';
import { forgetBeginning, longText, templateAddress, UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = new UpdateScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

// The core of it. The rest is in update-*.template.ts, which `npm run test:template` runs: each case takes a second of Git.

describe('what is merged', () => {
  test('only the template changed: its text; only the fork: the fork’s; different places: both', async () => {
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }), 'apps/order/main.ts': 'order, better\n' });
    scene.release({
      'libs/text.ts': longText({ 30: 'theirs' }),
      'README.md': '# Oldname\n\nMore.\n',
      'tools/new.ts': 'a check\n',
    });
    expect(await scene.run()).toMatchObject({ state: 'done', update: { branch: 'template-update-v2' } });
    expect(scene.fork.git('branch', '--show-current')).toBe('template-update-v2');
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 3: 'ours', 30: 'theirs' }));
    expect(scene.fork.read('apps/order/main.ts')).toBe('order, better\n');
    expect(scene.fork.read('README.md')).toBe('# Oldname\n\nMore.\n');
    expect(scene.fork.read('tools/new.ts')).toBe('a check\n');
    expect(scene.fork.git('status', '--porcelain')).toBe('');
    expect(scene.record().template).toEqual({
      repository: templateAddress,
      commit: scene.template.git('rev-parse', 'v2'),
      version: 'v2',
    });
  });

  test('a rename, a service and a removal are done to both versions: no conflict, and new files have the fork’s name', async () => {
    await scene.steps(['rename', 'newname'], ['service', 'invoice'], ['remove', 'order']);
    expect(scene.fork.read('apps/invoice/main.ts')).toBe('invoice of newname\n');
    scene.release({
      'libs/text.ts': longText({ 5: 'by oldname' }),
      'apps/order/main.ts': 'order of oldname, two\n',
      'tools/new.ts': 'oldname\n',
    });
    expect(await scene.run()).toMatchObject({ state: 'done', update: { leftOut: [] } });
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 5: 'by newname' }));
    expect(scene.fork.read('tools/new.ts')).toBe('newname\n');
    expect(scene.fork.read('apps/order/main.ts')).toBeUndefined();
    expect(scene.fork.read('apps/invoice/main.ts')).toBe('invoice of newname\n');
    expect(scene.record().steps).toHaveLength(3);
  });
});

describe('conflicts', () => {
  const conflicting = (): void => {
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }), 'libs/deleted.ts': longText({ 3: 'ours' }) });
    scene.release({ 'libs/text.ts': longText({ 3: 'theirs', 30: 'theirs' }), 'libs/deleted.ts': null });
  };

  test('both changed the same lines: the files are named, and nothing is committed', async () => {
    conflicting();
    const outcome = await scene.run();
    expect(outcome).toMatchObject({
      state: 'conflicts',
      conflicts: [
        { file: 'libs/deleted.ts', what: 'changed here, deleted or moved in the template' },
        { file: 'libs/text.ts', what: 'changed here and in the template' },
      ],
    });
    expect(scene.calls).not.toContain('install');
    await expect(scene.run()).rejects.toThrow(/an update has begun/);
    expect(await continueUpdate(scene.parts())).toMatchObject({ state: 'conflicts', conflicts: [{}, {}] });
  });

  test.each(['staged', 'committed'])('resolved and %s: --continue does the rest', async (how) => {
    conflicting();
    await scene.run();
    scene.fork.write({ 'libs/text.ts': longText({ 3: 'both', 30: 'theirs' }) });
    scene.fork.git('rm', '--quiet', 'libs/deleted.ts');
    scene.fork.git('add', 'libs/text.ts');
    if (how === 'committed') scene.fork.git('commit', '--quiet', '--no-edit');
    expect(await continueUpdate(scene.parts())).toMatchObject({ state: 'done' });
    expect(scene.fork.git('show', 'HEAD:libs/text.ts')).toBe(longText({ 3: 'both', 30: 'theirs' }).trim());
    expect(scene.record().template.version).toBe('v2');
    expect(scene.fork.git('status', '--porcelain')).toBe('');
    await expect(continueUpdate(scene.parts())).rejects.toThrow(/no update has begun/);
  });
});

describe('migrations', () => {
  const init = 'apps/order/prisma/migrations/1_init/migration.sql';

  test.each([
    ['changed', 'CREATE SCHEMA better;\n'],
    ['removed', null],
  ])('one that the template %s stays as it is here, and is named; a new one is added', async (template, text) => {
    scene.release({ [init]: text, 'apps/order/prisma/migrations/2_more/migration.sql': 'SELECT 1;\n' });
    expect(await scene.run()).toMatchObject({
      state: 'done',
      update: { keptMigrations: [{ file: init, template }] },
    });
    expect(scene.fork.read(init)).toBe('CREATE SCHEMA oldname;\n');
    expect(scene.fork.read('apps/order/prisma/migrations/2_more/migration.sql')).toBe('SELECT 1;\n');
  });
});

describe('after the merge', () => {
  test('something fails: the merge stays for a person to mend, --continue does not repeat an Nx migration', async () => {
    scene.release({ 'tools/generators/migrations.json': '{ "generators": { "one": {} } }', 'libs/text.ts': 'two\n' });
    let broken = true;
    const interference = {
      onMigrate: (folder: string) => void scene.fork.write({ 'migrated.txt': folder }),
      onGenerate: () => {
        if (broken) throw new Error('libs/text.ts does not compile');
      },
    };
    expect(await scene.run({}, interference)).toMatchObject({
      state: 'unfinished',
      reason: 'libs/text.ts does not compile',
    });
    expect(scene.fork.git('log', '-1', '--format=%s')).toBe('Merge the template v2');
    broken = false;
    scene.fork.write({ 'libs/text.ts': 'two, mended\n' });
    expect(await continueUpdate(scene.parts(interference))).toMatchObject({ state: 'done' });
    expect(scene.calls.filter((call) => call.startsWith('migrate'))).toEqual(['migrate one']);
    expect(scene.fork.git('show', 'HEAD:libs/text.ts')).toBe('two, mended');
    expect(scene.fork.git('status', '--porcelain')).toBe('');
  });
});

describe('nothing is left behind', () => {
  test('--abort with conflicts, also after somebody worked on them', async () => {
    scene.changeBoth();
    const before = scene.fork.state();
    await scene.run();
    scene.fork.write({ 'libs/text.ts': 'half', 'notes.txt': 'mine' });
    await abortUpdate(scene.parts());
    expect(scene.fork.state()).toEqual(before);
    await expect(abortUpdate(scene.parts())).rejects.toThrow(/no update has begun/);
  });

  test('the process is killed in the middle: the next one says so, and --abort cleans up', async () => {
    scene.changeBoth();
    scene.fork.git('reset', '--quiet', '--hard', 'HEAD^');
    const before = scene.fork.state();
    await scene.killedAt('generate', 'SIGKILL');
    await expect(scene.run()).rejects.toThrow(/an update has begun/);
    await abortUpdate(scene.parts());
    expect(scene.fork.state()).toEqual(before);
  });

  test('--dry-run says what would come, and where conflicts would be', async () => {
    scene.changeBoth();
    const before = scene.fork.state();
    expect(await scene.run({ dryRun: true })).toMatchObject({
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
    await expect(scene.run()).rejects.toThrow(/changes that are not committed/);
    scene.fork.write({ 'draft.txt': null });
    scene.fork.git('update-ref', 'MERGE_HEAD', 'HEAD');
    await expect(scene.run()).rejects.toThrow(/in the middle of a merge/);
    scene.fork.git('update-ref', '-d', 'MERGE_HEAD');
    const parts = scene.parts();
    await expect(
      update({ from: templateAddress }, { ...parts, repository: join(scene.fork.folder, 'libs') }),
    ).rejects.toThrow(/is not the root of a Git repository/);
    await expect(update({ from: templateAddress }, { ...parts, repository: scene.folder })).rejects.toThrow(
      /is not the root of a Git repository/,
    );
  });
});
