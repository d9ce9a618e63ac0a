import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { howToInstallKubectl, provideKubectl } from '@causeway/manifests';
import { serviceNames, services } from '@causeway/system';
import { describeWhen } from '@causeway/testkit/describe-when';
import { jest } from '@jest/globals';
import { runCommand } from './commands.js';
import { parseOptions } from './options.js';
import { folderOf } from './places.js';
import { relay } from './reach.js';
import { FakePrograms } from './testing/fake-programs.js';

const context = 'fake-of-a-test';
const ids = serviceNames.map((app, index) => ({
  to: `docker image inspect --format {{.Id}} causeway/${app}:dev`,
  stdout: `sha256:${String(index).repeat(64)}\n`,
}));
const server = { to: 'kubectl version', stdout: JSON.stringify({ serverVersion: { major: '1', minor: '34' } }) };
const noSecrets = { to: 'kubectl get secrets', stdout: '{"items":[]}' };

jest.setTimeout(120_000);
let fakes: FakePrograms;
const said: string[] = [];
beforeEach(() => {
  fakes = new FakePrograms();
  said.length = 0;
});
afterEach(() => {
  fakes.remove();
  rmSync(folderOf(context), { recursive: true, force: true });
});
const up = (...args: string[]) =>
  runCommand(parseOptions(['up', '--no-cluster', '--context', context, '--no-build', ...args]), (line) =>
    said.push(line),
  );
const missing = await provideKubectl();
const withKubectl = describeWhen(missing === undefined, { missing: missing ?? '', remedy: howToInstallKubectl });

withKubectl('images', () => {
  test('go through a loader one by one, under tags that follow from their content', async () => {
    const local = ['postgres:18', 'nats:2'].map((image) => ({
      to: `docker image inspect --format {{.Id}} ${image}`,
      stdout: 'sha256:aa',
    }));
    fakes.answer([...ids, ...local]);
    const file = join(fakes.folder, 'loaded');
    await up('images', '--image-loader', `echo {image} >> ${file}`);
    const loaded = readFileSync(file, 'utf8').trim().split('\n');
    expect(loaded).toContain('causeway/user:dev-111111111111');
    // The local engine has these two, so the cluster needs no registry for them.
    expect(loaded).toEqual(expect.arrayContaining(['postgres:18', 'nats:2']));
    expect(fakes.asked).toContain('docker tag causeway/user:dev causeway/user:dev-111111111111');
  });

  test('or all at once, as an archive on its standard input', async () => {
    fakes.answer([...ids, { to: 'docker save', stdout: 'the archive' }]);
    const file = join(fakes.folder, 'archive');
    await up('images', '--image-loader', `cat > ${file}`);
    expect(readFileSync(file, 'utf8')).toBe('the archive');
    expect(fakes.asked.find((line) => line.startsWith('docker save'))).toContain('causeway/user:dev-111111111111');
  });

  test('by kind load where the cluster is ours', async () => {
    fakes.answer(ids);
    await runCommand(parseOptions(['up', 'images', '--no-build', '--context', context]), (line) => said.push(line));
    expect(fakes.asked).toContainEqual(
      expect.stringMatching(/^kind load docker-image --name causeway causeway\/gateway:dev-000000000000 /),
    );
  });

  test('a loader that fails says so, and which step to repeat', async () => {
    fakes.answer(ids);
    const failing = up('images', '--image-loader', 'echo no space left >&2; cat >/dev/null; exit 3');
    await expect(failing).rejects.toThrow(/The image loader failed \(3\).*\nno space left\n\nThe step images failed/);
  });

  test('that were never built are named with the command that builds them', async () => {
    fakes.answer([{ to: 'docker image inspect', code: 1 }]);
    await expect(up('images', '--image-loader', 'cat')).rejects.toThrow(
      'There is no image causeway/gateway:dev. Build it: npm run images',
    );
  });
});

withKubectl('secrets and manifests', () => {
  test('secrets are made once, without a copy in an annotation, and never shown', async () => {
    fakes.answer([server, noSecrets]);
    await up('secrets');
    const [ground, secrets] = fakes.calls.filter(({ line }) => line.startsWith('kubectl apply'));
    expect(JSON.parse(ground!.input)).toMatchObject({ kind: 'Namespace', metadata: { name: 'causeway' } });
    expect(secrets!.line).toContain('--server-side');
    const { items } = JSON.parse(secrets!.input) as {
      items: { metadata: { name: string }; data: Record<string, string> }[];
    };
    const migrations = services.flatMap(({ name, database }) => (database ? [`${name}-migration`] : []));
    const servers = ['nats', 'nats-tls', 'postgres', 'postgres-tls'];
    expect(items.map(({ metadata }) => metadata.name)).toEqual([...serviceNames, ...migrations, ...servers].sort());
    for (const { data } of items) for (const value of Object.values(data)) expect(said.join('\n')).not.toContain(value);

    fakes.answer([server, { to: 'kubectl get secrets', stdout: JSON.stringify({ items }) }]);
    await up('secrets');
    expect(fakes.calls.filter(({ line }) => line.startsWith('kubectl apply'))).toHaveLength(1);
    expect(said).toContain('all secrets are there');
  });

  test('the images that were loaded are those that run, and Jobs are named by what they run', async () => {
    fakes.answer(ids);
    await up('images', '--image-loader', 'cat >/dev/null');
    fakes.answer([]);
    await up('apply');
    const text = fakes.calls.at(-1)!.input;
    expect(text).toContain('image: causeway/user:dev-111111111111');
    const [, name] = /name: (user-migrate-dev-r[0-9a-f]{8})\n/.exec(text) ?? [];
    expect(name).toBeDefined();
    await up('apply');
    expect(fakes.calls.at(-1)!.input).toBe(text);

    fakes.answer([{ ...ids[2]!, stdout: `sha256:${'f'.repeat(64)}\n` }, ...ids.filter((_, index) => index !== 2)]);
    await up('images', '--image-loader', 'cat >/dev/null');
    await up('apply');
    expect(fakes.calls.at(-1)!.input).not.toContain(name);
  });

  test('a gateway at another address is the issuer of tokens', async () => {
    await up('apply', '--url', 'http://10.0.0.7:30080');
    const text = fakes.calls.at(-1)!.input;
    expect(text).toContain('PUBLIC_URL: http://10.0.0.7:30080');
    expect(text.match(/AUTH_ISSUER: http:\/\/10\.0\.0\.7:30080\/oidc/g)).toHaveLength(4);
  });

  test('the steps follow one another, and a failed one ends the run', async () => {
    fakes.answer([
      server,
      noSecrets,
      { to: 'kubectl apply', code: 1, stderr: 'pods "user" is forbidden: violates PodSecurity' },
    ]);
    const failing = up('apply', 'secrets', 'wait');
    await expect(failing).rejects.toThrow(/violates PodSecurity[^]*The step secrets failed/);
    expect(said.filter((line) => line.startsWith('──'))).toEqual(['── secrets']);
  });
});

describe('clusters', () => {
  test('ours is created once, with the port mapped', async () => {
    fakes.answer([{ to: 'kind get clusters', stdout: 'other\n' }]);
    await runCommand(parseOptions(['up', 'cluster']), (line) => said.push(line));
    const created = fakes.asked.find((line) => line.startsWith('kind create cluster'))!;
    expect(created).toContain('--name causeway');
    expect(existsSync(/--config (.+?\.yaml)/.exec(created)![1]!)).toBe(true);
    fakes.answer([{ to: 'kind get clusters', stdout: 'causeway\n' }]);
    await runCommand(parseOptions(['up', 'cluster']), (line) => said.push(line));
    expect(fakes.asked).toEqual(['kind get clusters']);
  });

  test('of a foreign cluster only our namespace is deleted', async () => {
    await runCommand(parseOptions(['down', '--no-cluster', '--context', 'k3s']), (line) => said.push(line));
    expect(fakes.asked).toEqual(['kubectl delete namespace causeway --ignore-not-found --timeout=180s']);
    expect(fakes.calls[0]!.context).toBe('k3s');
    fakes.answer([{ to: 'kind get clusters', stdout: 'causeway\n' }]);
    await runCommand(parseOptions(['down']), (line) => said.push(line));
    expect(fakes.asked.at(-1)).toBe('kind delete cluster --name causeway');
  });
});

describe('the relay to the port of a node', () => {
  let target: Server;
  beforeAll(async () => {
    target = createServer((_, response) => response.end('of the pod'));
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void target.close());

  test('passes every connection on', async () => {
    const route = await relay(0, '127.0.0.1', (target.address() as AddressInfo).port);
    const [, port] = /:(\d+),/.exec(route.description)!;
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    expect(await response.text()).toBe('of the pod');
    await route.close();
  });
});
