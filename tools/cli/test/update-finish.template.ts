import { update } from '../src/update/update.js';
import { forgetBeginning, UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = new UpdateScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

describe('after the merge', () => {
  test('dependencies, then the Nx migrations that are new, then generated files', async () => {
    const file = 'tools/generators/migrations.json';
    scene.fork = scene.clone('later');
    scene.release({ [file]: '{ "generators": { "one": {} } }' });
    await scene.run();
    scene.fork.git('switch', '--quiet', 'main');
    scene.fork.git('merge', '--quiet', 'template-update-v2');
    scene.release({ [file]: '{ "generators": { "one": {}, "two": {}, "three": {} } }' }, 'v3');
    scene.calls.length = 0;
    expect(await scene.run()).toMatchObject({ state: 'done' });
    expect(scene.calls.slice(-4)).toEqual(['install', 'set up true', 'migrate two three', 'generate']);
  });

  test('a second update is empty, on the branch and after it was merged, by whatever kind of merge', async () => {
    scene.release({ 'libs/text.ts': 'two\n' });
    await scene.run();
    const before = scene.fork.state();
    expect(await update({}, scene.parts())).toMatchObject({ state: 'current', to: { version: 'v2' } });
    expect(await scene.run({ to: 'v2' })).toMatchObject({ state: 'current' });
    expect(scene.fork.state()).toEqual(before);
    scene.fork.git('switch', '--quiet', 'main');
    await expect(scene.run()).rejects.toThrow(/there is a branch template-update-v2 already/);
    scene.fork.git('merge', '--quiet', '--squash', 'template-update-v2');
    scene.fork.git('commit', '--quiet', '--message', 'v2');
    scene.fork.git('branch', '-D', 'template-update-v2');
    expect(await scene.run()).toMatchObject({ state: 'current' });
    scene.release({ 'libs/text.ts': 'three\n' }, 'v3');
    expect(await scene.run()).toMatchObject({
      state: 'done',
      update: { from: { version: 'v2' }, to: { version: 'v3' } },
    });
    expect(scene.fork.read('libs/text.ts')).toBe('three\n');
  });

  test('the next update sets up one version only: the other is kept from this one', async () => {
    await scene.steps(['rename', 'newname']);
    scene.release({ 'libs/text.ts': 'two\n' });
    await scene.run();
    scene.release({ 'libs/text.ts': 'three\n' }, 'v3');
    scene.calls.length = 0;
    expect(await scene.run()).toMatchObject({ state: 'done' });
    // The other call is for the fork itself.
    expect(scene.calls.filter((call) => call.startsWith('set up'))).toHaveLength(2);
  });
});
