import { abortUpdate, update } from '../src/update/update.js';
import { forgetBeginning, longText, templateAddress, UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = new UpdateScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

describe('where it begins', () => {
  test('a detached HEAD: the branch begins there, and --abort goes back there', async () => {
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }) });
    scene.fork.git('checkout', '--quiet', '--detach');
    scene.release({ 'libs/text.ts': longText({ 3: 'theirs' }) });
    const before = scene.fork.state();
    expect(await scene.run()).toMatchObject({ state: 'conflicts' });
    await abortUpdate(scene.parts());
    expect(scene.fork.state()).toEqual(before);
  });

  test('a shallow clone', async () => {
    scene.release({ 'README.md': '# More\n' }, 'v1.1');
    scene.fork = scene.clone('shallow', '--depth=1');
    scene.fork.commit('theirs, too', { 'README.md': '# More than that\n' });
    scene.fork.commit('ours', { 'mine.ts': 'mine\n' });
    scene.release({ 'libs/text.ts': 'two\n' });
    expect(await scene.run()).toMatchObject({ state: 'done', update: { from: { version: 'v1.1' } } });
    expect(scene.fork.read('libs/text.ts')).toBe('two\n');
  });

  test('paths with blanks and other letters', async () => {
    const spaced = new UpdateScene('update here, "too": ü ');
    try {
      spaced.release({ 'README.md': '# More\n' }, 'v1.1');
      spaced.fork = spaced.clone('our fork');
      spaced.fork.commit('ours', { 'libs/with blank ü.ts': 'mine\n', 'libs/text.ts': longText({ 3: 'ours' }) });
      spaced.release({ 'libs/a "b" c.ts': 'theirs\n', 'libs/text.ts': longText({ 30: 'theirs' }) });
      expect(await update({ from: templateAddress }, spaced.parts())).toMatchObject({
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
    expect(await scene.run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 3: 'ours', 30: 'theirs' }));
  });

  test('no commit of the template at all: --base is asked for, and taken', async () => {
    scene.fork.write({ 'libs/text.ts': longText({ 3: 'ours' }) });
    scene.fork.git('add', '--all');
    const first = scene.fork.git('commit-tree', scene.fork.git('write-tree'), '-m', 'Initial commit');
    scene.fork.git('reset', '--quiet', '--hard', first);
    scene.release({ 'libs/text.ts': longText({ 30: 'theirs' }) });
    await expect(scene.run()).rejects.toMatchObject({
      message: expect.stringMatching(/no commit of .* is in the history/),
      remedy: expect.stringContaining('--base <commit>'),
    });
    await expect(scene.run({ base: 'v9' })).rejects.toThrow(/does not have the commit v9/);
    expect(await scene.run({ base: 'v1' })).toMatchObject({ state: 'done' });
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 3: 'ours', 30: 'theirs' }));
  });

  test('where the template is has to be known; what is not there is named', async () => {
    await expect(update({}, scene.parts())).rejects.toMatchObject({
      remedy: expect.stringContaining('--from <repository>'),
    });
    await expect(scene.run({ from: '../nowhere' })).rejects.toThrow(/cannot be fetched from \.\.\/nowhere/);
    await expect(scene.run({ to: 'v7' })).rejects.toMatchObject({
      message: '../template has no v7',
      remedy: 'Its tags: v1.',
    });
  });

  test('the newest version is the default, a branch and a commit are taken, and there is no way back', async () => {
    scene.release({ 'libs/text.ts': 'two\n' }, 'v2');
    scene.release({ 'libs/text.ts': 'ten\n' }, 'v10');
    const later = scene.template.commit('not released', { 'libs/text.ts': 'eleven\n' });
    expect(await scene.run({ dryRun: true })).toMatchObject({ plan: { to: { version: 'v10' } } });
    expect(await scene.run({ dryRun: true, to: 'main' })).toMatchObject({ plan: { to: { commit: later } } });
    expect(await scene.run({ to: later.slice(0, 8) })).toMatchObject({
      state: 'done',
      update: { branch: `template-update-${later.slice(0, 12)}` },
    });
    expect(await scene.run()).toMatchObject({ state: 'current' });
    await expect(scene.run({ to: 'v2' })).rejects.toThrow(/v2 is older than/);
  });
});
