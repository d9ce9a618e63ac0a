import { recordFile } from '@causeway/generators/steps';
import { update } from '../src/update/update.js';
import { checkScene, differencesIn, short } from './check-scene.js';
import { forgetBeginning, type UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = checkScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

const migration = 'apps/order/prisma/migrations/1_init/migration.sql';

test('a formatter breaks lines elsewhere where the name is longer: no difference', async () => {
  await scene.step('rename', { name: 'amuchlongername' });
  scene.fork.commit('renamed', {
    'tools/checks/src/one.spec.ts':
      "test('one', () => {\n  expect(amuchlongername).toBe([\n    1,\n    2,\n  ]);\n});\n",
  });
  expect(await differencesIn(scene)).toEqual([]);
  scene.fork.commit('weaker', {
    'tools/checks/src/one.spec.ts': "test('one', () => { expect(amuchlongername).toBe([1]); });\n",
  });
  expect(short(await differencesIn(scene))).toEqual(['warning protections tools/checks/src/one.spec.ts']);
});

test('what is accepted in the record is a note', async () => {
  scene.fork.commit('weaker', {
    'eslint.config.mjs': 'export default [{}];\n',
    [recordFile]: '{ "template": {}, "steps": [], "accepted": ["eslint.config.mjs"] }\n',
  });
  expect(short(await differencesIn(scene))).toEqual(['note protections eslint.config.mjs']);
});

test('a step that changes what the template has is done to the template first: what it did is no difference', async () => {
  await scene.step('remove', { name: 'order' });
  scene.fork.commit('removed', {});
  expect(await differencesIn(scene)).toEqual([]);
  expect(scene.calls).toContain('step remove');
});

test('after an update the comparison is with the new version; and a newer one is a note', async () => {
  await scene.step('rename', { name: 'newname' });
  scene.fork.commit('renamed', {});
  scene.release({ 'tools/checks/src/two.spec.ts': 'two, better, oldname\n' });
  expect(short(await differencesIn(scene))).toEqual([`note template ${recordFile}`]);
  expect(await update({ from: '../template' }, scene.parts())).toMatchObject({ state: 'done' });
  expect(await differencesIn(scene, {}, null)).toEqual([]);
});

test('a migration that the template changed and an update kept is a note', async () => {
  scene.release({ [migration]: 'CREATE SCHEMA better;\n' });
  expect(await update({ from: '../template' }, scene.parts())).toMatchObject({ state: 'done' });
  expect(short(await differencesIn(scene))).toEqual([`note migrations ${migration}`]);
});

test('without the template the rest is checked, and a note says so; one that was named must be there', async () => {
  expect(short(await differencesIn(scene, { staleFiles: () => Promise.resolve(['a.yaml']) }, null))).toEqual([
    'error generated a.yaml',
    `note template ${recordFile}`,
  ]);
  await expect(differencesIn(scene, {}, '../nowhere')).rejects.toThrow(/cannot be fetched/);
});
