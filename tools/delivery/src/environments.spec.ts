import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from '@causeway/launcher/run';
import { serviceNames } from '@causeway/system';
import { current, deploy, rollBack, type Repository } from './environments.js';
import { releaseIn, setRelease } from './overlay.js';
import { root } from './places.js';
import { versionOf, type BuiltRelease } from './release.js';

// With a real Git: a clone and its remote in a temporary folder.
let folder: string;
let repository: Repository;
const git = (...args: string[]) =>
  output(['git', '-C', repository.folder, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args]);
const apps = serviceNames;

/** A change of the manifests, committed; its release has digests of its own. */
async function commit(digit: string, file = 'k8s/base/what.yaml'): Promise<BuiltRelease> {
  writeFileSync(join(repository.folder, file), `change: ${digit}\n`);
  await git('add', '.');
  await git('commit', '--quiet', '-m', `change ${digit}`);
  const revision = await git('rev-parse', 'HEAD');
  const image = (app: string) => ({ name: `registry.shop.io/${app}`, digest: `sha256:${digit.repeat(64)}` });
  return { version: versionOf(revision), revision, images: Object.fromEntries(apps.map((app) => [app, image(app)])) };
}
const fileAt = (environment: string, path: string) => git('show', `origin/environments/${environment}:${path}`);
const fetchAll = () => git('fetch', '--quiet', 'origin', '+refs/heads/*:refs/remotes/origin/*');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-environments-'));
  await output(['git', 'init', '--quiet', '--bare', join(folder, 'remote.git')]);
  await output(['git', 'init', '--quiet', '--initial-branch=main', join(folder, 'clone')]);
  repository = { folder: join(folder, 'clone') };
  await git('remote', 'add', 'origin', join(folder, 'remote.git'));
  for (const environment of ['staging', 'production']) {
    const overlay = `k8s/overlays/${environment}`;
    mkdirSync(join(repository.folder, overlay), { recursive: true });
    const text = readFileSync(join(root, overlay, 'kustomization.yaml'), 'utf8');
    writeFileSync(join(repository.folder, overlay, 'kustomization.yaml'), text.replaceAll('example.org', 'shop.io'));
  }
  mkdirSync(join(repository.folder, 'k8s/base'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('an environment is a branch with the manifests of a commit and the digests of its images', async () => {
  const release = await commit('1');
  await deploy(repository, 'production', release);
  await fetchAll();
  const overlay = await fileAt('production', 'k8s/overlays/production/kustomization.yaml');
  expect(overlay).toContain(`newName: registry.shop.io/user\n    digest: sha256:${'1'.repeat(64)}`);
  expect(overlay).toContain(`app.kubernetes.io/version: ${release.version}`);
  expect(overlay).toContain('# Three replicas over zones');
  expect(overlay).not.toContain('newTag');
  expect(await fileAt('production', 'k8s/base/what.yaml')).toBe('change: 1');
  expect(await current(repository, 'production')).toMatchObject({
    version: release.version,
    revision: release.revision,
  });
  expect(await git('status', '--porcelain')).toBe('');
});

test('tags of an overlay become digests', async () => {
  const release = await commit('1');
  await deploy(repository, 'staging', release);
  await fetchAll();
  const overlay = await fileAt('staging', 'k8s/overlays/staging/kustomization.yaml');
  expect(overlay).not.toContain('newTag: v0-1-0');
  expect((await current(repository, 'staging')).images).toEqual(release.images);
});

test('a canary that is tried keeps its version while others are released; before, it is what is released', () => {
  const image = (digit: string) => ({ name: 'registry.shop.io/user', digest: `sha256:${digit.repeat(64)}` });
  const overlay = (digit: string, components: string) =>
    `components: [${components}]\nimages:\n` +
    `  - { name: causeway/user, newName: a, digest: b }\n` +
    `  - { name: causeway/user-canary, newName: ${image(digit).name}, digest: '${image(digit).digest}' }\n`;
  const release = { version: 'v2', images: { user: image('2') } };
  const taken = setRelease(overlay('7', '../../components/canary-user'), release);
  expect([taken.split(image('2').digest).length - 1, taken.includes(image('7').digest)]).toEqual([1, true]);
  const before = setRelease(overlay('0', ''), release);
  expect(before.split(image('2').digest).length - 1).toBe(2);
  expect(releaseIn(taken).images).toEqual({ user: image('2') });
});

test('the same release again makes no commit', async () => {
  const release = await commit('1');
  expect(await deploy(repository, 'staging', release)).toBe(await deploy(repository, 'staging', release));
});

test('a pipeline that was overtaken does not take an environment back', async () => {
  const [older, newer] = [await commit('1'), await commit('2')];
  const head = await deploy(repository, 'staging', newer);
  await expect(deploy(repository, 'staging', older)).rejects.toThrow(
    `staging runs ${newer.version}, which is newer than ${older.version}`,
  );
  expect((await current(repository, 'staging')).commit).toBe(head);
});

test('after a rollback the next release is deployed, and so is the same one again', async () => {
  const [first, second] = [await commit('1'), await commit('2')];
  for (const release of [first, second]) await deploy(repository, 'staging', release);
  await rollBack(repository, 'staging');
  await deploy(repository, 'staging', second);
  expect((await current(repository, 'staging')).version).toBe(second.version);
});

test('promotion takes digests and commit from the first environment, though main has moved on', async () => {
  const release = await commit('1');
  await deploy(repository, 'staging', release);
  await commit('2');
  await deploy(repository, 'production', await current(repository, 'staging'));
  await fetchAll();
  expect(await fileAt('production', 'k8s/base/what.yaml')).toBe('change: 1');
  expect((await current(repository, 'production')).images['user']).toEqual(release.images['user']);
});

test('rollback puts manifests and images back, and a second one goes further back, not forward', async () => {
  const releases = [await commit('1'), await commit('2'), await commit('3')];
  for (const release of releases) await deploy(repository, 'production', release);
  expect((await rollBack(repository, 'production')).version).toBe(releases[1]!.version);
  await fetchAll();
  expect(await fileAt('production', 'k8s/base/what.yaml')).toBe('change: 2');
  expect((await current(repository, 'production')).revision).toBe(releases[1]!.revision);
  expect((await rollBack(repository, 'production')).version).toBe(releases[0]!.version);
  await expect(rollBack(repository, 'production')).rejects.toThrow('never ran anything before');
  expect((await rollBack(repository, 'production', releases[2]!.version)).version).toBe(releases[2]!.version);
});

test('a rollback that the check refuses changes nothing', async () => {
  await deploy(repository, 'production', await commit('1'));
  const second = await deploy(repository, 'production', await commit('2'));
  const refuse = () => Promise.reject(new Error('not signed'));
  await expect(rollBack(repository, 'production', undefined, refuse)).rejects.toThrow('not signed');
  expect((await current(repository, 'production')).commit).toBe(second);
});

test('values that lead nowhere are not deployed', async () => {
  const release = await commit('1');
  const image = { name: 'registry.example.org/payment', digest: `sha256:${'1'.repeat(64)}` };
  const unset = { ...release, images: { ...release.images, payment: image } };
  await expect(deploy(repository, 'staging', unset)).rejects.toThrow(
    /1 values lead nowhere[^]*kustomization.yaml:\d+ {2}registry.example.org {2}\(your registry\)/,
  );
  await expect(current(repository, 'staging')).rejects.toThrow('Nothing was deployed to staging');
});

test('an app without an image is not deployed', async () => {
  const { images, ...release } = await commit('1');
  const { user: _, ...rest } = images;
  await expect(deploy(repository, 'staging', { ...release, images: rest })).rejects.toThrow('no image of it');
});

test('of two deployments at the same moment the later one is refused, and nothing is overwritten', async () => {
  await deploy(repository, 'staging', await commit('1'));
  const [mine, other] = [await commit('2'), await commit('3')];
  const theirs = await deploy(repository, 'staging', other);
  // The other one arrives after this one has looked, while it checks its files out.
  const remote = join(folder, 'remote.git');
  await output(['git', '-C', remote, 'update-ref', 'refs/heads/environments/staging', `${theirs}^1`]);
  const hook = `#!/bin/sh\ngit --git-dir=${remote} update-ref refs/heads/environments/staging ${theirs}\n`;
  writeFileSync(join(repository.folder, '.git/hooks/post-checkout'), hook, { mode: 0o755 });
  await expect(deploy(repository, 'staging', mine)).rejects.toThrow('could not be pushed. If somebody deployed');
  expect((await current(repository, 'staging')).commit).toBe(theirs);
});
