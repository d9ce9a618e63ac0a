import { recordFile } from '@causeway/generators/steps';
import { continueUpdate } from '../src/update/update.js';
import { forgetBeginning, longText, templateAddress, UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = new UpdateScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

describe('conflicts', () => {
  const conflicting = (): void => {
    scene.fork.commit('ours', { 'libs/text.ts': longText({ 3: 'ours' }), 'libs/deleted.ts': longText({ 3: 'ours' }) });
    scene.release({ 'libs/text.ts': longText({ 3: 'theirs', 30: 'theirs' }), 'libs/deleted.ts': null });
  };

  test('a file that still has markers is not taken for resolved', async () => {
    conflicting();
    await scene.run();
    scene.fork.git('add', '--all');
    expect(await continueUpdate(scene.parts())).toMatchObject({
      state: 'conflicts',
      conflicts: [{ file: 'libs/text.ts', what: 'still has conflict markers' }],
    });
  });

  test('--continue elsewhere, or after the merge was thrown away, says so', async () => {
    conflicting();
    await scene.run();
    scene.fork.git('merge', '--abort');
    await expect(continueUpdate(scene.parts())).rejects.toThrow(/the merge is gone/);
    scene.fork.git('switch', '--quiet', 'main');
    await expect(continueUpdate(scene.parts())).rejects.toThrow(/is on the branch template-update-v2/);
  });

  test('the lock, the record and generated files are never left to a person', async () => {
    await scene.steps(['service', 'invoice']);
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
    expect(await scene.run()).toMatchObject({ state: 'done' });
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
    expect(scene.record()).toMatchObject({
      template: { repository: templateAddress },
      steps: [{ generator: 'service' }],
    });
  });

  test('contracts that both added stand beside each other in the record; one that both changed is a conflict', async () => {
    const file = 'libs/contracts/published.json';
    const contracts = (entries: object) => `${JSON.stringify(entries, null, 2)}\n`;
    scene.release({ [file]: contracts({ a: { v: 1 }, b: { v: 1 } }) }, 'v1.1');
    scene.fork = scene.clone('later');
    scene.fork.commit('ours', { [file]: contracts({ a: { v: 1 }, b: { v: 1 }, ours: { v: 1 } }) });
    scene.release({ [file]: contracts({ a: { v: 2 }, b: { v: 1 }, theirs: { v: 1 } }) });
    expect(await scene.run()).toMatchObject({ state: 'done' });
    expect(JSON.parse(scene.fork.read(file)!)).toEqual({ a: { v: 2 }, b: { v: 1 }, ours: { v: 1 }, theirs: { v: 1 } });
    scene.fork.commit('ours', { [file]: contracts({ a: { v: 3 }, b: { v: 1 } }) });
    scene.release({ [file]: contracts({ a: { v: 4 }, b: { v: 1 } }) }, 'v3');
    expect(await scene.run()).toMatchObject({ state: 'conflicts', conflicts: [{ file }] });
  });

  test('what people wrote around a generated part is a conflict like any other', async () => {
    const page = (end: string) => `By hand.\n\n<!-- generated: list -->\n\norder\n\n<!-- end -->\n\n${end}\n`;
    scene.fork.commit('ours', { 'docs/services.md': page('ours') });
    scene.release({ 'docs/services.md': page('theirs') });
    expect(await scene.run()).toMatchObject({ state: 'conflicts', conflicts: [{ file: 'docs/services.md' }] });
  });
});
