import { recordFile } from '@causeway/generators/steps';
import { forgetBeginning, longText, UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = new UpdateScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

describe('what is merged', () => {
  test('it is a merge: the fork’s history is in it, and its branch stays where it was', async () => {
    const before = scene.fork.commit('ours', { 'mine.ts': 'mine\n' });
    scene.release({ 'tools/new.ts': 'a check\n' });
    await scene.run();
    expect(scene.fork.git('rev-parse', 'main')).toBe(before);
    expect(scene.fork.git('merge-base', 'main', 'HEAD')).toBe(before);
    expect(scene.fork.git('log', '--first-parent', '--format=%s', 'main..')).toBe(
      'Template v2: dependencies, generated files, record\nMerge the template v2\nJoin the template v1: what this repository was made from',
    );
  });

  test('a file that the template moved takes the fork’s change along', async () => {
    scene.fork.commit('ours', { 'libs/moved.ts': longText({ 0: 'this one moves', 20: 'ours' }) });
    scene.release({ 'libs/moved.ts': null, 'libs/there/moved.ts': longText({ 0: 'this one moves' }) });
    expect(await scene.run()).toMatchObject({ state: 'done' });
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
    expect(await scene.run()).toMatchObject({ state: 'done', update: { from: { version: 'v1.1' } } });
    expect(scene.fork.read('libs/whole/mine.ts')).toBe('mine\n');
    expect(scene.fork.read('libs/part/mine.ts')).toBeUndefined();
  });

  test('a file that nobody changed here goes with the template; one that was deleted here stays away', async () => {
    scene.fork.commit('ours', { 'README.md': null });
    scene.release({ 'libs/deleted.ts': null, 'libs/text.ts': longText({ 1: 'theirs' }) });
    expect(await scene.run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read('libs/deleted.ts')).toBeUndefined();
    expect(scene.fork.read('README.md')).toBeUndefined();
  });

  test('what a generator of the new version does better arrives in the service that it made', async () => {
    await scene.steps(['service', 'invoice']);
    scene.fork.commit('ours', { 'apps/invoice/mine.ts': 'mine\n' });
    scene.release({ 'service.txt': 'and its tests' });
    expect(await scene.run()).toMatchObject({ state: 'done' });
    expect(scene.fork.read('apps/invoice/main.ts')).toBe('invoice of oldname\nand its tests\n');
    expect(scene.fork.read('apps/invoice/mine.ts')).toBe('mine\n');
  });

  test('a step that the new version cannot do is named and left out on both sides: what it made stays', async () => {
    await scene.steps(['service', 'invoice'], ['rename', 'newname']);
    scene.release({ 'generators.txt': 'rename remove', 'libs/text.ts': longText({ 5: 'theirs' }) });
    const outcome = await scene.run();
    expect(outcome).toMatchObject({
      state: 'done',
      update: {
        leftOut: [{ step: { generator: 'service' }, version: 'v2', reason: 'Cannot find the generator service' }],
      },
    });
    expect(scene.fork.read('apps/invoice/main.ts')).toBe('invoice of newname\n');
    expect(scene.record().steps).toHaveLength(2);
  });

  test('a step that the old version cannot do is left out of the new one, too', async () => {
    await scene.steps(['rename', 'newname']);
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
    expect(await scene.run()).toMatchObject({
      state: 'done',
      update: { leftOut: [{ step: { generator: 'paint' }, version: 'v1' }] },
    });
    expect(scene.fork.read('libs/text.ts')).toBe(longText({ 5: 'newname' }));
    expect(scene.fork.read('painted.txt')).toBeUndefined();
  });
});
