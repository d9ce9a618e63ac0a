import { appendFileSync, chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { buildImage, findEngine, imageName, images, type Engine, type ImageOf } from '@causeway/images';
import { serviceNames } from '@causeway/system';
import { output } from '@causeway/launcher/run';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const audit = fileURLToPath(new URL('audit.mjs', import.meta.url));
const base = 'node:24-bookworm-slim';
let engine: Engine;
jest.setTimeout(60_000);

beforeAll(async () => {
  engine = await findEngine();
});

const inspect = async (name: string) =>
  JSON.parse(await output([engine.docker, 'image', 'inspect', '--format', '{{json .}}', name])) as {
    Size: number;
    Architecture: string;
    RootFS: { Layers: string[] };
    Config: { User: string; Labels: Record<string, string>; Healthcheck: { Test: string[] }; Entrypoint: string[] };
  };
const audited = async (image: ImageOf, ...mounts: string[]) =>
  JSON.parse(
    await inside(
      image,
      [...mounts, '--volume', `${audit}:/audit.mjs:ro`, '--entrypoint', 'node'],
      '--experimental-import-meta-resolve',
      '/audit.mjs',
    ),
  ) as { failed: string[]; idle: string[]; strange: string[]; packages: string[]; loaded: number };

/** As tightly locked as Compose and Kubernetes lock it, and without a network. */
const locked = ['--rm', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--network=none'];
const inside = (image: ImageOf, mounts: string[], ...command: string[]) =>
  output([engine.docker, 'run', ...locked, ...mounts, imageName(image, { tag: 'dev' }), ...command]);

interface Locked {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  readonly link?: boolean;
  readonly resolved?: string;
}

/**
 * Names of all packages that a workspace declares, directly or through others, by package-lock.json: not the method that
 * made the image.
 */
function lockedClosure(workspace: string): Set<string> {
  const { packages } = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const seen = new Set<string>();
  const visit = (place: string): void => {
    const entry = packages[place];
    if (!entry || seen.has(place)) return;
    seen.add(place);
    if (entry.link) return visit(entry.resolved ?? '');
    const peers = Object.keys(entry.peerDependencies ?? {}).filter(
      (peer) => !entry.peerDependenciesMeta?.[peer]?.optional,
    );
    for (const name of [...Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }), ...peers]) {
      for (let from = place; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
        const candidate = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
        if (packages[candidate]) visit(candidate);
        if (packages[candidate] || from === '') break;
      }
    }
  };
  visit(workspace);
  return new Set([...seen].map((place) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)));
}

describe.each(images)('the image of %s', (name) => {
  test('is at most 60 MB above its base, runs as user 1000 and says what it is', async () => {
    const [image, from] = await Promise.all([inspect(imageName(name, { tag: 'dev' })), inspect(base)]);
    const megabytes = (image.Size - from.Size) / 1e6;
    console.info(`causeway/${name}: ${megabytes.toFixed(1)} MB above ${base}`);
    expect(megabytes).toBeLessThanOrEqual(60);
    expect(image.RootFS.Layers.slice(0, from.RootFS.Layers.length)).toEqual(from.RootFS.Layers);
    expect(image.Config.User).toBe('1000:1000');
    expect(Object.keys(image.Config.Labels)).toEqual(
      expect.arrayContaining(
        ['title', 'version', 'revision', 'created', 'licenses', 'base.name'].map(
          (label) => `org.opencontainers.image.${label}`,
        ),
      ),
    );
  });

  test('holds every package that its code imports, and none that it does not', async () => {
    const found = await audited(name);
    expect({ failed: found.failed, idle: found.idle, strange: found.strange }).toEqual({
      failed: [],
      idle: [],
      strange: [],
    });
    expect(found.loaded).toBeGreaterThan(50);
    const names = found.packages.map((folder) =>
      folder.slice(folder.lastIndexOf('/node_modules/') + '/node_modules/'.length),
    );
    const declared = lockedClosure(name === 'cli' ? 'tools/cli' : `apps/${name}`);
    const foreign = names.filter((each) => !each.startsWith('@causeway/'));
    expect(foreign.filter((each) => !declared.has(each))).toEqual([]);
    expect(
      names.filter((each) => /^(typescript|prisma|nx|jest|eslint|@prisma\/engines|@swc\/|@types\/|@nx\/)/.test(each)),
    ).toEqual([]);
  });

  test('has nothing that its user could change', async () => {
    // Not with a read-only root: then nothing would be writable anyhow.
    const places = ['/app', '/usr/local', ...(name === 'cli' ? [] : ['/var/cache/node'])];
    const find = ['find', ...places, '-writable', '-not', '-type', 'l'];
    expect(
      await output([engine.docker, 'run', '--rm', '--entrypoint', 'env', imageName(name, { tag: 'dev' }), ...find]),
    ).toBe('');
  });
});

describe.each(serviceNames)('the image of %s', (app) => {
  test('starts its service, checks itself, and needs to write nowhere', async () => {
    const { Config: config } = await inspect(imageName(app, { tag: 'dev' }));
    expect(config).toMatchObject({
      Entrypoint: ['node', '--enable-source-maps', 'dist/main.js'],
      Healthcheck: { Test: ['CMD', 'node', '/usr/local/lib/causeway/healthcheck.mjs'] },
    });
    await expect(inside(app, [], 'serve')).rejects.toThrow(/cannot start[^]*missing; set/);
    await expect(inside(app, [], 'dance')).rejects.toThrow(`unknown command "dance"; ${app} has: serve`);
  });

  test('brings its code compiled: a start compiles one file itself', async () => {
    const log = await inside(
      app,
      ['--entrypoint', 'sh'],
      '-c',
      'NODE_DEBUG_NATIVE=COMPILE_CACHE node --enable-source-maps dist/main.js migrate 2>&1 || true',
    );
    const missed = [...log.matchAll(/for (?:ESM|CommonJS) (\S+?)\.\.\. ?(?:no such file|permission denied)/g)].map(
      ([, file]) => file,
    );
    expect(log).toContain('was accepted');
    expect(missed).toEqual(['file:///app/dist/main.js']);
  });
});

test('the image of the command line is the executable, and says what is missing', async () => {
  expect(await inside('cli', [])).toContain('looks at a running system');
  await expect(inside('cli', [], 'services')).rejects.toThrow(/NATS_URL: missing; set NATS_URL or NATS_URL_FILE/);
  expect(await inside('cli', [], 'contracts', 'check')).toContain('all as published');
});

test('an unused package is noticed, and a missing one', async () => {
  const stowaway = fileURLToPath(new URL('fixtures/stowaway', import.meta.url));
  const nothing = mkdtempSync(join(tmpdir(), 'causeway-nothing-'));
  chmodSync(nothing, 0o755);
  const { idle, failed } = await audited(
    'gateway',
    ...['--volume', `${stowaway}:/app/node_modules/stowaway:ro`],
    ...['--volume', `${nothing}:/app/node_modules/@nestjs/platform-fastify:ro`],
  );
  expect(idle).toContain('/app/node_modules/stowaway');
  expect(failed.join('\n')).toContain('@nestjs/platform-fastify');
  rmdirSync(nothing);
});

test('a change of our code makes a new last layer, and no other', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'causeway-layers-'));
  const tags = ['layers-before', 'layers-after'];
  try {
    const files = (await output(['git', '-C', root, 'ls-files', '--cached', '--others', '--exclude-standard'])).split(
      '\n',
    );
    for (const file of files) {
      if (existsSync(join(root, file))) cpSync(join(root, file), join(copy, file));
    }
    const layers: string[][] = [];
    for (const tag of tags) {
      layers.push((await inspect(await buildImage(engine, 'user', { root: copy, tag }))).RootFS.Layers);
      appendFileSync(join(copy, 'apps/user/src/service.ts'), '\nexport const changed = true;\n');
    }
    const [before = [], after = []] = layers;
    expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
    expect(after.at(-1)).not.toBe(before.at(-1));
  } finally {
    for (const tag of tags)
      await output([engine.docker, 'image', 'rm', imageName('user', { tag })]).catch(() => undefined);
    rmSync(copy, { recursive: true, force: true });
  }
}, 900_000);
