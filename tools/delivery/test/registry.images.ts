import { createHash, generateKeyPairSync } from 'node:crypto';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { findEngine, images, type Engine } from '@causeway/images';
import { guard } from '@causeway/launcher/guard';
import { output, run } from '@causeway/launcher/run';
import { predicateTypes, signingIdentity, trustOf } from '../src/attestation.js';
import { billOfMaterials } from '../src/bill-of-materials.js';
import { verifyRelease } from '../src/command-line.js';
import { baseContentsOf, npmPackagesOf, workspaceOf } from '../src/image-contents.js';
import { readLock } from '../src/lock.js';
import { root } from '../src/places.js';
import { provenanceOf } from '../src/provenance.js';
import { pushImages } from '../src/push.js';
import { attestImage, verifyImage } from '../src/registry.js';
import { referenceOf, type ReleasedImage } from '../src/release.js';
import { findProgram, withPrograms } from '../src/testing/programs.js';
import { startRegistry, type ThrowAwayRegistry } from '../src/testing/throw-away-registry.js';

// What happens to an image after it is built, in a registry that is thrown away: run by `npm run test:images`.
jest.setTimeout(600_000);

let engine: Engine;
let folder: string;
let registry: ThrowAwayRegistry;
let released: Record<string, ReleasedImage>;
const apps = ['order', 'user'] as const;
const local = (app: string) => `causeway/${app}:dev`;
const docker = (...args: string[]) => output([engine.docker, ...args]);

const withRegistry = withPrograms(['docker-registry'], 'docker-registry');
const withSkopeo = withPrograms(['docker-registry', 'skopeo', 'gpg'], 'docker-registry skopeo gnupg');
const withBuildah = withPrograms(
  ['docker-registry', 'skopeo', 'buildah', 'podman'],
  'docker-registry skopeo buildah podman',
);
const withContainerd = withPrograms(['docker-registry', 'containerd', 'ctr'], 'docker-registry containerd');

const program = (name: string): string => findProgram(name)!;

beforeAll(async () => {
  engine = await findEngine();
  folder = mkdtempSync(join(tmpdir(), 'causeway-delivery-'));
  if (!findProgram('docker-registry')) return;
  registry = await startRegistry(program('docker-registry'));
  const repository = `${registry.address}/shop`;
  for (const app of apps) await docker('tag', local(app), `${repository}/${app}:git-1`);
  released = await pushImages(engine.docker, apps, { repository, tag: 'git-1' });
});
afterAll(async () => {
  const made = Object.values(released ?? {}).flatMap((image) => [`${image.name}:git-1`, referenceOf(image)]);
  for (const reference of made) await run([engine.docker, 'image', 'rm', reference]);
  await registry?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const sha256 = (data: Buffer | string): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;
const fromRegistry = (image: ReleasedImage, path: string) =>
  fetch(`http://${registry.address}/v2/${image.name.split('/').slice(1).join('/')}/${path}`, {
    headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
  });

describe('bills of materials', () => {
  const lock = readLock(root);
  const list = `const found = [];
    const visit = (folder) => { for (const name of require('fs').readdirSync(folder)) {
      if (name.startsWith('.')) continue;
      if (name.startsWith('@')) { visit(folder + '/' + name); continue; }
      const { version } = JSON.parse(require('fs').readFileSync(folder + '/' + name + '/package.json'));
      if (!folder.endsWith('/@causeway')) found.push((/@[^/]+$/.exec(folder)?.[0].concat('/') ?? '') + name + '@' + version);
      if (require('fs').existsSync(folder + '/' + name + '/node_modules')) visit(folder + '/' + name + '/node_modules');
    } };
    visit('/app/node_modules'); console.log(JSON.stringify(found.sort()));`;

  test.each(images)('that of %s lists the npm packages that are in the image', async (image) => {
    const inside = ['run', '--rm', '--network=none', '--entrypoint', 'node', local(image), '--eval', list];
    const there = (JSON.parse(await docker(...inside)) as string[]).map((id) => id.replace(/@v(\d)/, '@$1'));
    const packages = npmPackagesOf(root, workspaceOf(image));
    expect([...new Set(packages)].sort()).toEqual([...new Set(there)].sort());
  });

  test('Node.js and the packages of the system come from the image itself', async () => {
    const base = await baseContentsOf(engine.docker, local('order'));
    expect(base.node).toMatch(/^24\.\d+\.\d+$/);
    expect(base.system.id).toBe('debian');
    expect(base.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['libc6', 'bash', 'tzdata']));
    const about = {
      app: 'order',
      workspace: 'apps/order',
      version: 'git-1',
      revision: 'a'.repeat(40),
      created: new Date(0),
      lock,
    };
    const bill = await billOfMaterials({ ...about, packages: npmPackagesOf(root, 'apps/order'), base });
    expect(bill).toMatch(/pkg:deb\/debian\/libc6@[^"]+upstream=glibc/);
  });
});

withRegistry('a registry', () => {
  test('has each image under the digest that the engine recorded: the hash of its manifest', async () => {
    for (const app of apps) {
      const image = released[app]!;
      const response = await fromRegistry(image, `manifests/${image.digest}`);
      const manifest = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get('docker-content-digest')).toBe(image.digest);
      expect(sha256(manifest)).toBe(image.digest);
      const { config } = JSON.parse(manifest.toString()) as { config: { digest: string } };
      expect(config.digest).toBe(await docker('image', 'inspect', '--format', '{{.Id}}', local(app)));
    }
  });

  test('keeps an image that is pulled by digest the same', async () => {
    const image = released['order']!;
    await docker('pull', '--quiet', referenceOf(image));
    const id = await docker('image', 'inspect', '--format', '{{.Id}}', referenceOf(image));
    expect(id).toBe(await docker('image', 'inspect', '--format', '{{.Id}}', local('order')));
  });
});

withRegistry('signatures with a key pair', () => {
  const pair = () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const signingKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return {
      identity: signingIdentity({ SIGNING_KEY: signingKey }),
      TRUSTED_KEY: pem,
      trust: trustOf({ TRUSTED_KEY: pem }),
    };
  };
  const all = Object.values(predicateTypes);
  const keys = pair();
  const revision = 'a'.repeat(40);
  const of = (app: string) => ({ app, revision });
  const sign = (image: ReleasedImage, predicateType: string, predicate: unknown = {}, by = keys) =>
    attestImage(image, { predicateType, predicate }, by.identity);

  test('an image counts once it is signed, and has its provenance and its bill of materials', async () => {
    const { order: image } = released as { order: ReleasedImage };
    await expect(verifyImage(image, of('order'), keys.trust)).rejects.toThrow(
      'has no trusted https://sigstore.dev/cosign/sign/v1',
    );
    await sign(image, predicateTypes.signature);
    await expect(verifyImage(image, of('order'), keys.trust)).rejects.toThrow(
      /no trusted https:\/\/slsa.dev\S+ https:\/\/cyclonedx/,
    );
    const pipeline = {
      source: 'https://git.shop.io/causeway',
      ref: 'refs/heads/main',
      builder: 'https://ci.shop.io',
      run: 'https://ci.shop.io/7',
    };
    const release = { version: 'git-1', revision, images: released };
    await sign(image, predicateTypes.provenance, provenanceOf('order', release, pipeline));
    await sign(image, predicateTypes.billOfMaterials, { bomFormat: 'CycloneDX' });
    await expect(
      verifyRelease({ images: { order: image }, revision }, { TRUSTED_KEY: keys.TRUSTED_KEY }),
    ).resolves.toBeUndefined();
    const newer = { images: { order: image }, revision: 'b'.repeat(40) };
    await expect(verifyRelease(newer, { TRUSTED_KEY: keys.TRUSTED_KEY })).rejects.toThrow(`not from ${newer.revision}`);
  });

  test('what somebody else signed does not count, and does no harm', async () => {
    const { order, user } = released as Record<'order' | 'user', ReleasedImage>;
    const stranger = pair();
    for (const type of all) await sign(user, type, {}, stranger);
    await expect(verifyImage(user, of('user'), keys.trust)).rejects.toThrow('signature verification failed');
    await sign(order, predicateTypes.signature, {}, stranger);
    await expect(verifyImage(order, of('order'), keys.trust)).resolves.toBeUndefined();
  });

  test('an image that was changed after it was signed has another digest, and no signature', async () => {
    const dockerfile = join(folder, 'changed');
    mkdirSync(dockerfile);
    writeFileSync(join(dockerfile, 'Dockerfile'), `FROM ${local('order')}\nLABEL changed=true\n`);
    const repository = `${registry.address}/shop`;
    await docker('build', '--quiet', '--tag', `${repository}/order:git-1`, dockerfile);
    const { order: changed } = await pushImages(engine.docker, ['order'], { repository, tag: 'git-1' });
    expect(changed!.digest).not.toBe(released['order']!.digest);
    await expect(verifyImage(changed!, of('order'), keys.trust)).rejects.toThrow('has no trusted');
    // Under the same tag, which is why nothing is deployed by tag.
    expect(changed!.name).toBe(released['order']!.name);
  });
});

withSkopeo('skopeo, with the policy that CRI-O and Podman keep to', () => {
  let fingerprint: string;
  const skopeo = (policy: string, ...args: string[]) =>
    run(
      [program('skopeo'), '--registries.d', join(folder, 'registries.d'), '--policy', join(folder, policy), ...args],
      {
        env: { ...process.env, GNUPGHOME: join(folder, 'gnupg') },
      },
    );
  const copy = (policy: string, app: string, to: string, ...args: string[]) =>
    skopeo(policy, 'copy', '--src-tls-verify=false', ...args, `docker://${referenceOf(released[app]!)}`, to);

  beforeAll(async () => {
    mkdirSync(join(folder, 'gnupg'), { mode: 0o700 });
    mkdirSync(join(folder, 'registries.d'));
    const gpg = (...args: string[]) =>
      output([program('gpg'), '--batch', '--quiet', '--homedir', join(folder, 'gnupg'), ...args]);
    for (const name of ['release', 'stranger']) {
      await gpg('--passphrase', '', '--quick-generate-key', `${name}@localhost`, 'ed25519', 'sign', 'never');
      const key = {
        type: 'signedBy',
        keyType: 'GPGKeys',
        keyPath: join(folder, `${name}.asc`),
        signedIdentity: { type: 'matchRepository' },
      };
      writeFileSync(key.keyPath, await gpg('--armor', '--export', `${name}@localhost`));
      const policy = { default: [{ type: 'reject' }], transports: { docker: { [registry.address]: [key] } } };
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(policy));
    }
    const listed = await gpg('--with-colons', '--list-keys', 'release@localhost');
    fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listed)![1]!;
    writeFileSync(join(folder, 'anything.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
    const place = `file://${join(folder, 'signatures')}`;
    const settings = { docker: { [registry.address]: { sigstore: place, 'sigstore-staging': place } } };
    writeFileSync(join(folder, 'registries.d/shop.yaml'), JSON.stringify(settings));
  });
  afterAll(() => run(['gpgconf', '--homedir', join(folder, 'gnupg'), '--kill', 'all']));

  test('copies an image with its digest', async () => {
    expect((await copy('anything.json', 'order', `dir:${join(folder, 'order')}`)).code).toBe(0);
    expect(sha256(readFileSync(join(folder, 'order/manifest.json')))).toBe(released['order']!.digest);
  });

  test('refuses an image without a signature, and one by a stranger; takes one by the release key', async () => {
    const target = `dir:${join(folder, 'checked')}`;
    expect((await copy('release.json', 'order', target)).stderr).toContain('no signature exists');
    const { name } = released['order']!;
    const signed = await copy(
      'anything.json',
      'order',
      `docker://${name}:signed`,
      '--dest-tls-verify=false',
      '--preserve-digests',
      '--sign-by',
      fingerprint,
    );
    expect(signed).toMatchObject({ code: 0 });
    expect((await copy('stranger.json', 'order', target)).code).not.toBe(0);
    expect(await copy('release.json', 'order', target)).toMatchObject({ code: 0 });
    expect((await copy('release.json', 'user', target)).stderr).toContain('no signature exists');
  });
});

withBuildah('the store of CRI-O, Podman and Buildah (containers-storage)', () => {
  const store = () => [
    '--root',
    join(folder, 'storage'),
    '--runroot',
    join(folder, 'storage-run'),
    '--storage-driver',
    'overlay',
  ];
  const place = (name: string) =>
    `containers-storage:[overlay@${join(folder, 'storage')}+${join(folder, 'storage-run')}]${name}`;
  const policy = () => join(folder, 'accept.json');
  const buildah = (...args: string[]) => output([program('buildah'), ...store(), ...args], { timeoutMs: 1_200_000 });

  beforeAll(() => writeFileSync(policy(), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] })));
  afterAll(() => run(['umount', join(folder, 'storage/overlay')]));

  test('takes an image from the registry with its digest and its id, for Podman and Buildah', async () => {
    const { order } = released as { order: ReleasedImage };
    await output([
      program('skopeo'),
      '--policy',
      policy(),
      'copy',
      '--src-tls-verify=false',
      `docker://${referenceOf(order)}`,
      place(`${order.name}:git-1`),
    ]);
    const id = await docker('image', 'inspect', '--format', '{{.Id}}', local('order'));
    const listed = await output([
      program('podman'),
      ...store(),
      'images',
      '--no-trunc',
      '--digests',
      '--format',
      '{{.Digest}} {{.ID}}',
    ]);
    expect(listed).toBe(`${order.digest} ${id}`);
    expect(await buildah('images', '--format', '{{.Digest}}')).toBe(order.digest);
  });

  test('Buildah builds the same Dockerfile, without an engine, to an image with the same packages', async () => {
    await output([
      program('skopeo'),
      '--policy',
      policy(),
      'copy',
      'docker-daemon:node:24-bookworm-slim',
      place('docker.io/library/node:24-bookworm-slim'),
    ]);
    const npmrc = join(process.env['HOME'] ?? '', '.npmrc');
    await buildah(
      ...['bud', '--isolation=chroot', '--pull-never', '--signature-policy', policy(), '--ulimit=nofile=8192'],
      ...(existsSync(npmrc) ? ['--secret', `id=npmrc,src=${npmrc}`] : []),
      ...['--file', join(root, 'docker/psp-sandbox.Dockerfile'), '--tag', 'causeway/psp-sandbox:buildah', root],
    );
    const container = await buildah(
      'from',
      '--pull-never',
      '--signature-policy',
      policy(),
      'localhost/causeway/psp-sandbox:buildah',
    );
    const names = ['find', '/app/node_modules', '-name', 'package.json', '-path', '*/node_modules/*'] as const;
    const there = (await buildah('run', '--isolation=chroot', '--user=0', container, '--', ...names)).split('\n');
    const [find, ...args] = names;
    const withDocker = await docker(
      'run',
      '--rm',
      '--network=none',
      '--entrypoint',
      find,
      local('psp-sandbox'),
      ...args,
    );
    expect(there.sort()).toEqual(withDocker.split('\n').sort());
    await buildah('rm', container);
  });
});

withContainerd('containerd, as the kubelet uses it', () => {
  let daemon: ChildProcess;
  const ctr = (...args: string[]) =>
    output([program('ctr'), '--address', join(folder, 'containerd.sock'), '--namespace', 'k8s.io', ...args]);

  beforeAll(async () => {
    const settings = [
      'version = 2',
      `root = "${folder}/containerd"`,
      `state = "${folder}/containerd-state"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      '[grpc]',
      `address = "${folder}/containerd.sock"`,
    ];
    writeFileSync(join(folder, 'containerd.toml'), settings.join('\n'));
    daemon = guard(spawn(program('containerd'), ['--config', join(folder, 'containerd.toml')], { stdio: 'ignore' }));
    for (const limitAt = performance.now() + 30_000; performance.now() < limitAt;) {
      if (
        await ctr('version').then(
          () => true,
          () => false,
        )
      )
        return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('containerd did not start');
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill();
    await ended;
  });
  const digestOf = async (name: string): Promise<string> =>
    / (sha256:\w+) /.exec((await ctr('images', 'ls', `name==${name}`)).split('\n')[1] ?? '')?.[1] ?? '';

  test('imports what the engine saves: another manifest, the same image', async () => {
    const archive = join(folder, 'order.tar');
    await docker('save', '--output', archive, local('order'));
    await ctr('images', 'import', archive);
    const manifest = await ctr('content', 'get', await digestOf(`docker.io/${local('order')}`));
    const { config } = JSON.parse(manifest) as { config: { digest: string } };
    expect(config.digest).toBe(await docker('image', 'inspect', '--format', '{{.Id}}', local('order')));
  });

  test('pulls by digest what the pipeline has pushed, and runs it', async () => {
    const reference = referenceOf(released['order']!);
    await ctr('images', 'pull', '--plain-http', reference);
    expect(await digestOf(reference)).toBe(released['order']!.digest);
    const said = execFileSync(
      program('ctr'),
      [
        '--address',
        join(folder, 'containerd.sock'),
        '--namespace',
        'k8s.io',
        'run',
        '--rm',
        reference,
        'once',
        'node',
        '--version',
      ],
      { encoding: 'utf8' },
    );
    expect(said.trim()).toMatch(/^v24\./);
  });
});
