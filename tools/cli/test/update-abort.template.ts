import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { abortUpdate, update } from '../src/update/update.js';
import { forgetBeginning, longText, templateAddress, UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = new UpdateScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

describe('nothing is left behind', () => {
  test('--abort after the merge was committed, and from another branch, whose files stay', async () => {
    scene.changeBoth();
    const before = scene.fork.state();
    await scene.run();
    scene.fork.git('checkout', '--theirs', 'libs/text.ts');
    scene.fork.git('commit', '--quiet', '--all', '--no-edit');
    await abortUpdate(scene.parts());
    expect(scene.fork.state()).toEqual(before);
    await scene.run();
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
    await scene.steps(['rename', 'newname']);
    scene.release({ 'tools/new.ts': 'new\n' });
    const before = scene.fork.state();
    const stop = (): void => {
      if (moment !== 'onStep') scene.fork.write({ 'half-written.txt': 'half' });
      scene.stopping.abort();
    };
    await expect(scene.run({}, { [moment]: stop })).rejects.toThrow('stopped');
    expect(scene.fork.state()).toEqual(before);
  });

  test.each(['setUp', 'install', 'generate'])('the process ends in the middle, during %s', async (moment) => {
    scene.changeBoth();
    scene.fork.git('reset', '--quiet', '--hard', 'HEAD^');
    const before = scene.fork.state();
    await scene.killedAt(moment, 'SIGTERM');
    expect(scene.fork.state()).toEqual(before);
    expect(readdirSync(join(scene.fork.folder, 'cache')).filter((name) => name.startsWith('work'))).toEqual([]);
  });

  test('a failure before the merge is finished', async () => {
    scene.changeBoth();
    const before = scene.fork.state();
    const parts = scene.parts();
    const broken = { ...parts.tooling, setUp: () => Promise.reject(new Error('npm ci failed')) };
    await expect(update({ from: templateAddress }, { ...parts, tooling: broken })).rejects.toThrow('npm ci failed');
    // As of a large file whose filter is not installed.
    scene.fork.write({ '.git/info/attributes': 'tools/new.ts filter=absent\n' });
    scene.fork.git('config', 'filter.absent.required', 'true');
    scene.fork.git('config', 'filter.absent.smudge', 'false');
    await expect(scene.run()).rejects.toThrow(/git merge failed/);
    scene.fork.git('config', '--remove-section', 'filter.absent');
    expect(scene.fork.state()).toEqual(before);
  });

  test('settings and hooks of a person do not get in the way', async () => {
    scene.changeBoth();
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
    expect(await scene.run()).toMatchObject({ state: 'conflicts', conflicts: [{ file: 'libs/text.ts' }] });
  });
});
