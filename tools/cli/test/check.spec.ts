import { recordFile } from '@causeway/generators/steps';
import { checkRepository } from '../src/check/check.js';
import type { TemplateFinding } from '../src/check/finding.js';
import { pinsOf } from '../src/check/pinned-versions.js';
import { serviceFindings } from '../src/check/services.js';
import { update, type UpdateParts } from '../src/update/update.js';
import type { Tooling } from '../src/update/tooling.js';
import { forgetBeginning, UpdateScene } from './update-scene.js';

let scene: UpdateScene;
beforeEach(() => {
  scene = new UpdateScene('check-');
  scene.template.commit('protections', {
    'tools/checks/src/one.spec.ts': "test('one', () => { expect(oldname).toBe([1, 2]); });\n",
    'tools/checks/src/two.spec.ts': 'two\n',
    'eslint.config.mjs': 'export default [];\n',
    'k8s/base/platform/policy.yaml': 'kind: NetworkPolicy\nmetadata: { name: deny }\n',
    'k8s/base/platform/note.yaml': 'kind: ConfigMap\n',
    'libs/own.ts': 'own\n',
    'apps/order/package.json':
      '{ "name": "order", "dependencies": { "pg": "8.23.1", "zod": "4.6.7", "nats": "2.0.0" } }\n',
    '.github/workflows/deliver.yml': `uses: actions/checkout@${'a'.repeat(40)} # v7\n`,
    'docker/compose.yaml': 'image: nats:2.12.4\n',
  });
  scene.template.git('tag', '--force', 'v1');
  scene.fork = scene.clone('checked');
});
afterEach(() => scene.remove());
afterAll(forgetBeginning);

/** What differs, but for the list of services and the contracts, which are those of this repository, not of the scene. */
async function differences(
  tooling: Partial<Tooling> = {},
  from: string | null = '../template',
): Promise<TemplateFinding[]> {
  const parts: UpdateParts = scene.parts();
  const findings = await checkRepository(
    { from: from ?? undefined },
    { ...parts, tooling: { ...parts.tooling, ...tooling } },
  );
  return findings.filter(({ check, file }) => check !== 'services' && file !== 'libs/contracts/published.json');
}
const short = (findings: readonly TemplateFinding[]): string[] =>
  findings.map(({ severity, check, file }) => `${severity} ${check} ${file}`);

test('a fork that only has another name and files of its own differs in nothing', async () => {
  expect(await differences()).toEqual([]);
  await scene.step('rename', { name: 'newname' });
  scene.fork.commit('renamed', { 'apps/invoice/main.ts': 'ours\n' });
  expect(await differences()).toEqual([]);
});

test('a formatter breaks lines elsewhere where the name is longer: no difference', async () => {
  await scene.step('rename', { name: 'amuchlongername' });
  scene.fork.commit('renamed', {
    'tools/checks/src/one.spec.ts':
      "test('one', () => {\n  expect(amuchlongername).toBe([\n    1,\n    2,\n  ]);\n});\n",
  });
  expect(await differences()).toEqual([]);
  scene.fork.commit('weaker', {
    'tools/checks/src/one.spec.ts': "test('one', () => { expect(amuchlongername).toBe([1]); });\n",
  });
  expect(short(await differences())).toEqual(['warning protections tools/checks/src/one.spec.ts']);
});

test('protections that are deleted or changed are named, with why they matter; other files are the fork’s own', async () => {
  scene.fork.commit('weaker', {
    'tools/checks/src/two.spec.ts': null,
    'k8s/base/platform/policy.yaml': null,
    'k8s/base/platform/note.yaml': null,
    'eslint.config.mjs': 'export default [{}];\n',
    'libs/own.ts': null,
  });
  const found = await differences();
  expect(short(found)).toEqual([
    'error protections k8s/base/platform/policy.yaml',
    'error protections tools/checks/src/two.spec.ts',
    'warning protections eslint.config.mjs',
  ]);
  expect(found[2]!.reason).toContain('the rules of boundaries');
  for (const { reason, remedy } of found) expect(reason.length > 20 && remedy.length > 10).toBe(true);
});

test('what is accepted in the record is a note', async () => {
  scene.fork.commit('weaker', {
    'eslint.config.mjs': 'export default [{}];\n',
    [recordFile]: '{ "template": {}, "steps": [], "accepted": ["eslint.config.mjs"] }\n',
  });
  expect(short(await differences())).toEqual(['note protections eslint.config.mjs']);
});

test('versions: older, newer and loose ones of packages, images and actions', async () => {
  scene.fork.commit('versions', {
    'apps/order/package.json':
      '{ "name": "order", "dependencies": { "pg": "8.9.0", "zod": "4.10.0", "nats": "^2.0.0", "ours": "1.0.0" } }\n',
    '.github/workflows/deliver.yml': 'uses: actions/checkout@v7\n',
    'docker/compose.yaml': 'image: nats:2.9.10\n',
  });
  const found = await differences();
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
  const found = await differences();
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
  expect(await differences()).toEqual([]);
  const commit = scene.fork.commit('edited', { [own]: 'CREATE TABLE newname.c ();\n' });
  scene.fork.write({ [other]: 'CREATE TABLE newname.d ();\n' });
  const found = await differences();
  expect(short(found)).toEqual([`error migrations ${own}`, `error migrations ${other}`]);
  expect(found[0]!.reason).toContain(commit.slice(0, 12));
  expect(found[1]!.reason).toContain('not committed');
});

test('a step that changes what the template has is done to the template first: what it did is no difference', async () => {
  await scene.step('remove', { name: 'order' });
  scene.fork.commit('removed', {});
  expect(await differences()).toEqual([]);
  expect(scene.calls).toContain('step remove');
});

test('after an update the comparison is with the new version; and a newer one is a note', async () => {
  await scene.step('rename', { name: 'newname' });
  scene.fork.commit('renamed', {});
  scene.release({ 'tools/checks/src/two.spec.ts': 'two, better, oldname\n' });
  expect(short(await differences())).toEqual([`note template ${recordFile}`]);
  expect(await update({ from: '../template' }, scene.parts())).toMatchObject({ state: 'done' });
  expect(await differences({}, null)).toEqual([]);
});

test('a migration that the template changed and an update kept is a note', async () => {
  scene.release({ [migration]: 'CREATE SCHEMA better;\n' });
  expect(await update({ from: '../template' }, scene.parts())).toMatchObject({ state: 'done' });
  expect(short(await differences())).toEqual([`note migrations ${migration}`]);
});

test('files that are not current, and imports that a rule forbids or a comment allows', async () => {
  const violation = { line: 3, rule: '@nx/enforce-module-boundaries', message: 'A library imports a tool' };
  const found = await differences({
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

test('without the template the rest is checked, and a note says so; one that was named must be there', async () => {
  expect(short(await differences({ staleFiles: () => Promise.resolve(['a.yaml']) }, null))).toEqual([
    'error generated a.yaml',
    `note template ${recordFile}`,
  ]);
  await expect(differences({}, '../nowhere')).rejects.toThrow(/cannot be fetched/);
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
