import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startNats } from '@causeway/launcher/nats';
import { provideKubectl } from '@causeway/manifests';
import { startPostgres } from '@causeway/testkit';
import { readGuide } from '@causeway/testkit/guide';
import type * as Topology from '@causeway/system/topology';
import { root } from '../src/generated-file.js';

const guide = join(root, 'docs/guides/add-a-service.md');
const blocks = readGuide(readFileSync(guide, 'utf8'));
const adding = blocks.filter(({ text }) => !/dist\/main|remove service/.test(text));
const removing = blocks.filter(({ text }) => text.includes('remove service'));
const start = blocks.find(({ text }) => text.includes('dist/main.js'))?.text ?? '';

let copy: string;

/** The repository as it lies here, built, with node_modules of its own that lead to the copy's projects. */
function copyRepository(): string {
  const target = mkdtempSync(join(tmpdir(), 'causeway-add-a-service-'));
  const skipped = new Set(['node_modules', '.git', '.nx', '.causeway', '.ci', 'reports', 'coverage']);
  for (const entry of readdirSync(root).filter((name) => !skipped.has(name)))
    cpSync(join(root, entry), join(target, entry), {
      recursive: true,
      filter: (path) => !path.endsWith('/node_modules'),
    });
  const modules = join(target, 'node_modules');
  mkdirSync(join(modules, '@causeway'), { recursive: true });
  // Npm's record and the caches are written to.
  const own = new Set(['@causeway', '.package-lock.json', '.cache']);
  cpSync(join(root, 'node_modules/.package-lock.json'), join(modules, '.package-lock.json'));
  for (const entry of readdirSync(join(root, 'node_modules')).filter((name) => !own.has(name)))
    symlinkSync(join(root, 'node_modules', entry), join(modules, entry));
  for (const nested of globSync('{apps,libs,tools}/*/node_modules', { cwd: root }))
    symlinkSync(join(root, nested), join(target, nested));
  for (const project of globSync('{apps,libs,tools}/*/package.json', { cwd: target })) link(target, dirname(project));
  return target;
}

function link(target: string, project: string): void {
  const place = join(target, 'node_modules/@causeway', project.split('/')[1]!);
  rmSync(place, { force: true });
  symlinkSync(join('../..', project), place);
}

/** `npm` without the bootstrap, which would build all: builds what the guide has changed before it generates. */
const npm = `#!/bin/sh
set -e
build() { (cd "$1" && swc src --out-dir dist --strip-leading-paths --copy-files --config-file ../../.swcrc --quiet); }
case "$*" in
  "run generate"|"run --silent generate")
    for project in tools/system libs/contracts; do build $project; done
    if [ -d apps/pulse ]; then
      (cd apps/pulse && PRISMA_SCHEMA_ENGINE_BINARY="$(command -v node)" prisma generate --no-hints >&2)
      build apps/pulse
    fi
    exec node tools/generate/dist/generate-command.js ;;
  *) echo "the test knows no: npm $*" >&2; exit 1 ;;
esac
`;

const npx = `#!/bin/sh
if [ "$1" = causeway ]; then shift; exec node tools/cli/causeway.mjs "$@"; fi
exec "$@"
`;

function run(command: string): string {
  const path = [join(copy, '.bin'), join(root, 'node_modules/.bin'), process.env['PATH']].join(':');
  return execFileSync('sh', ['-ec', command], { cwd: copy, encoding: 'utf8', env: { ...process.env, PATH: path } });
}

beforeAll(() => {
  copy = copyRepository();
  mkdirSync(join(copy, '.bin'));
  writeFileSync(join(copy, '.bin/npm'), npm, { mode: 0o755 });
  writeFileSync(join(copy, '.bin/npx'), npx, { mode: 0o755 });
  run('git init --quiet && git add --all && git -c user.name=t -c user.email=t@localhost commit --quiet -m start');
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const withKubectl = (await provideKubectl()) === undefined;
/** What is said of files that take kubectl, and of how many there are, is compared where kubectl is there. */
const comparable = (text: string): string =>
  withKubectl
    ? text
    : text
        .split('\n')
        .filter((line) => !/own-cluster|kind\/README|files written|^\d+$|need kubectl/.test(line))
        .join('\n');

/** Runs blocks of the guide, and compares what the commands say with what it shows. @returns what the last one said */
function follow(part: typeof blocks): string {
  let said = '';
  for (const { kind, text } of part) {
    if (kind === 'sh') said = run(withKubectl ? text : text.replace(/^kubectl.*\n/m, ''));
    else expect(comparable(said).trim()).toBe(comparable(text).trim());
  }
  return said;
}

test('every command of the guide works, and says what the guide shows', () => {
  follow(adding);
  const has = (file: string, text: string): void => expect(readFileSync(join(copy, file), 'utf8')).toContain(text);
  has('docker/pulse.Dockerfile', 'ARG APP=pulse');
  has('docker/bake.hcl', '"pulse"');
  has('docker/compose.yaml', '  pulse:\n    <<: [');
  has('docker/nats/nats.conf', 'user: "pulse"');
  has('docker/observe/rules.yaml', 'pulse');
  has('k8s/base/pulse/network-policy.yaml', 'app.kubernetes.io/name: pulse');
  has('k8s/overlays/production/kustomization.yaml', 'registry.example.org/causeway/pulse');
  has('libs/contracts/published.json', 'pulse.evt.felt.v1');
}, 600_000);

test('the new service starts by itself, with the account that was generated, and becomes ready', async () => {
  const topology = (await import(join(copy, 'tools/system/src/topology/index.ts'))) as typeof Topology;
  const folder = join(copy, '.nats');
  mkdirSync(folder);
  const passwords = Object.fromEntries(Object.keys(topology.natsPermissions()).map((user) => [user, `k${user}`]));
  writeFileSync(join(folder, 'passwords.conf'), topology.natsPasswords(passwords));
  const configFile = join(folder, 'nats.conf');
  const options = { include: 'passwords.conf', storeDir: folder, monitoring: false };
  writeFileSync(configFile, topology.natsServerConfig(options));
  const nats = await startNats({ folder, configFile, logFile: join(folder, 'log') });
  const database = await startPostgres();
  const [http, management] = [await freePort(), await freePort()];
  const command = start.replace('3005', String(http)).replace('3105', String(management));
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`;
  const addresses = {
    NATS_URL: nats.url,
    NATS_PASSWORD: 'kpulse',
    PROVISIONER_PASSWORD: 'kprovisioner',
    DATABASE_URL: database.url(),
  };
  const env = { PATH: path, ...addresses, SHUTDOWN_DRAIN_MS: '0' };
  const child = spawn('sh', ['-ec', command], { cwd: copy, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    expect(await status(`http://127.0.0.1:${management}/health/ready`, child)).toBe(200);
    const pulse = await fetch(`http://127.0.0.1:${http}/v1/pulses`);
    expect([pulse.status, await pulse.json()]).toMatchObject([401, { code: 'TOKEN_MISSING' }]);
  } finally {
    child.kill();
    await exited;
    await Promise.all([nats.stop(), database.stop()]);
  }
}, 300_000);

test('removed, it leaves the tree as it was', () => {
  const said = follow(removing);
  // The two folders are the test's own.
  const ours = /^removing pulse|^\d+ files changed|^\?\? \.(bin|nats)\/$|^$/;
  expect(said.split('\n').filter((line) => !ours.test(line))).toEqual([]);
}, 300_000);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function status(url: string, child: ChildProcess): Promise<number> {
  for (;;) {
    const code = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (code === 200 || child.exitCode !== null) return code;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
