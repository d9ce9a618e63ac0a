import { recordFile } from '@causeway/generators/steps';
import { pinsOf } from '../src/check/pinned-versions.js';
import { serviceFindings } from '../src/check/services.js';
import { checkScene, differencesIn, short } from './check-scene.js';
import { forgetBeginning, type UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => (scene = checkScene()));
afterEach(() => scene.remove());
afterAll(forgetBeginning);

test('a fork that only has another name and files of its own differs in nothing', async () => {
  expect(await differencesIn(scene)).toEqual([]);
  await scene.step('rename', { name: 'newname' });
  scene.fork.commit('renamed', { 'apps/invoice/main.ts': 'ours\n' });
  expect(await differencesIn(scene)).toEqual([]);
});

test('protections that are deleted or changed are named, with why they matter; other files are the fork’s own', async () => {
  scene.fork.commit('weaker', {
    'tools/checks/src/two.spec.ts': null,
    'k8s/base/platform/policy.yaml': null,
    'k8s/base/platform/note.yaml': null,
    'eslint.config.mjs': 'export default [{}];\n',
    'libs/own.ts': null,
  });
  const found = await differencesIn(scene);
  expect(short(found)).toEqual([
    'error protections k8s/base/platform/policy.yaml',
    'error protections tools/checks/src/two.spec.ts',
    'warning protections eslint.config.mjs',
  ]);
  expect(found[2]!.reason).toContain('the rules of boundaries');
  for (const { reason, remedy } of found) expect(reason.length > 20 && remedy.length > 10).toBe(true);
});

test('versions: older, newer and loose ones of packages, images and actions', async () => {
  scene.fork.commit('versions', {
    'apps/order/package.json':
      '{ "name": "order", "dependencies": { "pg": "8.9.0", "zod": "4.10.0", "nats": "^2.0.0", "ours": "1.0.0" } }\n',
    '.github/workflows/deliver.yml': 'uses: actions/checkout@v7\n',
    'docker/compose.yaml': 'image: nats:2.9.10\n',
  });
  const found = await differencesIn(scene);
  expect(found.map(({ severity, reason }) => `${severity} ${reason.split(/,|:/)[0]}`).sort()).toEqual([
    'note package zod is 4.10.0 here and 4.6.7 in the template',
    `warning action actions/checkout is v7 here`,
    'warning image nats is 2.9.10 here and 2.12.4 in the template',
    'warning package nats is ^2.0.0 here',
    'warning package pg is 8.9.0 here and 8.23.1 in the template',
  ]);
});

test('pins: what is found in which kind of file', () => {
  expect(
    pinsOf('docker/a.Dockerfile', 'ARG NODE_IMAGE=node:24-bookworm\nFROM ${NODE_IMAGE} AS x\nFROM scratch\n'),
  ).toEqual([{ name: 'image node', version: '24-bookworm' }]);
  expect(
    pinsOf('package.json', '{ "dependencies": { "a": "*", "b": "1.0.0" }, "overrides": { "c": "$c", "d": "2.0.0" } }'),
  ).toEqual([
    { name: 'package b', version: '1.0.0' },
    { name: 'package d', version: '2.0.0' },
  ]);
});

const migration = 'apps/order/prisma/migrations/1_init/migration.sql';

test.each([
  ['changed', { [migration]: 'CREATE SCHEMA other;\n' }, 'changed by the commit'],
  ['deleted', { [migration]: null }, 'deleted here'],
])('a migration of the template that is %s here', async (_, files, reason) => {
  scene.fork.commit('edited', files);
  const found = await differencesIn(scene);
  expect(short(found)).toEqual([`error migrations ${migration}`]);
  expect(found[0]!.reason).toContain(reason);
});

test('a migration of the fork’s own that was changed after it was committed; a rename changes them all, and is none', async () => {
  const [own, other] = ['2_own', '3_other'].map((name) => `apps/order/prisma/migrations/${name}/migration.sql`) as [
    string,
    string,
  ];
  scene.fork.commit('ours', { [own]: 'CREATE TABLE oldname.a ();\n', [other]: 'CREATE TABLE oldname.b ();\n' });
  await scene.step('rename', { name: 'newname' });
  scene.fork.commit('renamed', {});
  expect(await differencesIn(scene)).toEqual([]);
  const commit = scene.fork.commit('edited', { [own]: 'CREATE TABLE newname.c ();\n' });
  scene.fork.write({ [other]: 'CREATE TABLE newname.d ();\n' });
  const found = await differencesIn(scene);
  expect(short(found)).toEqual([`error migrations ${own}`, `error migrations ${other}`]);
  expect(found[0]!.reason).toContain(commit.slice(0, 12));
  expect(found[1]!.reason).toContain('not committed');
});

test('a migration that the template changed before the fork was made is nothing that the fork did', async () => {
  scene.template.commit('amended', { [migration]: 'CREATE SCHEMA oldname; -- amended\n' });
  scene.template.git('tag', '--force', 'v1');
  scene.fork = scene.clone('later');
  await scene.step('rename', { name: 'newname' });
  scene.fork.commit('renamed', {});
  // Nobody can tell who it was without the template.
  expect(short(await differencesIn(scene, {}, null))).toEqual([
    `note migrations ${migration}`,
    `note template ${recordFile}`,
  ]);
  expect(await differencesIn(scene)).toEqual([]);
  // The update's own commits take the place of the template's.
  scene.release({ 'libs/own.ts': 'own, better\n' });
  expect(await scene.run()).toMatchObject({ state: 'done' });
  expect(await differencesIn(scene, {}, null)).toEqual([]);
});

test('files that are not current, and imports that a rule forbids or a comment allows', async () => {
  const violation = { line: 3, rule: '@nx/enforce-module-boundaries', message: 'A library imports a tool' };
  const found = await differencesIn(scene, {
    staleFiles: () => Promise.resolve(['docker/compose.yaml']),
    boundaryViolations: () =>
      Promise.resolve([
        { ...violation, file: 'libs/text.ts', suppressed: false },
        // The template has the same comment.
        { ...violation, file: 'libs/own.ts', suppressed: true },
        { ...violation, file: 'apps/invoice/main.ts', suppressed: true },
      ]),
  });
  expect(short(found)).toEqual([
    'error generated docker/compose.yaml',
    'error boundaries libs/text.ts',
    'warning boundaries apps/invoice/main.ts',
  ]);
});

test('folders and the list of services', () => {
  const found = serviceFindings({
    files: ['apps/order/package.json', 'apps/left-over/package.json', 'apps/order/src/main.ts'],
    services: [{ name: 'order' }, { name: 'ghost' }],
  } as never);
  expect(found.map(({ severity, file, reason }) => `${severity} ${file}: ${reason.split(':')[0]}`)).toEqual([
    'error apps/left-over: left-over is not in the list of services',
    'error tools/system/src/services.ts: ghost is in the list of services, but apps/ghost does not exist',
  ]);
});
