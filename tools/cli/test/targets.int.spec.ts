import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { migrationsOf } from '@causeway/launcher/schema';
import { operator } from '@causeway/system';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import { runProgram } from '../src/program.js';
import { insideTarget } from '../src/target/inside.js';
import { openTarget } from '../src/target/open-target.js';
import { Scene } from './scene.js';

// The two places that this machine does not have, with fakes of kubectl and docker in front of a real broker, a real
// database and a management port.
const token = 't'.repeat(20);
const path = process.env['PATH'];
let folder: string;
let scene: Scene;
let database: TestDatabase;
let management: Server;
let managementPort: number;
let databasePort: number;

beforeAll(async () => {
  scene = await Scene.create();
  database = await createDatabase((await migrationsOf('user')) as { migrations: [] });
  databasePort = Number(new URL(database.url).port);
  management = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end('{}');
    const about = { instance: 'user-a', status: 'ready', version: '1.0.0', parts: {}, policies: [], admissions: [] };
    return response.end(JSON.stringify({ ...about, uptimeSeconds: 1, requestsInFlight: 0, logLevel: 'info' }));
  });
  await new Promise<void>((resolve) => management.listen(0, '127.0.0.1', resolve));
  managementPort = (management.address() as AddressInfo).port;
}, 120_000);
afterAll(async () => {
  await scene.end();
  await database.drop();
  await new Promise((resolve) => management.close(resolve));
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-targets-'));
  const fake = join(import.meta.dirname, 'fixtures/fake-program.mjs');
  for (const name of ['kubectl', 'docker']) {
    writeFileSync(join(folder, name), `#!/bin/sh\nexec "${process.execPath}" "${fake}" ${name} "$@"\n`);
    chmodSync(join(folder, name), 0o755);
  }
  process.env['PATH'] = `${folder}:${path}`;
  process.env['FAKE_ANSWERS'] = join(folder, 'answers.json');
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true });
});

function fake(answers: Readonly<Record<string, string>>, ports: Readonly<Record<string, number>> = {}): void {
  const content = { answers, ports, log: join(folder, 'log') };
  writeFileSync(join(folder, 'answers.json'), JSON.stringify(content));
}
const calls = (): string[] => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');

const run = (...args: readonly string[]) => runAt(openTarget, ...args);

async function runAt(open: typeof openTarget, ...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runProgram(args, {
    openTarget: open,
    print: (text) => out.push(text),
    printError: (text) => err.push(text),
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** An instance of user that replies to pings, until it is closed. */
async function announceUser(id: string): Promise<NatsConnection> {
  const nc = await scene.as('user');
  const reply = JSON.stringify({ name: 'user', id, version: '1.0.0', metadata: { zone: 'eu-1a' } });
  nc.subscribe('$SRV.PING', { callback: (_error, message) => void message.respond(reply) });
  await nc.flush();
  return nc;
}

describe('Kubernetes', () => {
  const secret = (data: Readonly<Record<string, string>>): string =>
    JSON.stringify({
      data: Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
      ),
    });
  const pod = (service: string, name: string, phase = 'Running') => ({
    metadata: { name, labels: { 'app.kubernetes.io/name': service } },
    status: { phase },
  });
  const options = ['--context', 'kind-causeway'];

  function cluster(): void {
    const url = new URL(database.url);
    url.host = 'postgres:5432';
    fake(
      {
        'get pods': JSON.stringify({ items: [pod('user', 'user-a'), pod('user', 'user-b', 'Pending')] }),
        'get secret nats': secret({ operator: 'koperator' }),
        'get secret user': secret({ OPERATOR_TOKEN: token, DATABASE_URL: url.href }),
        // demo
        'get secret order': secret({ DATABASE_URL: url.href }),
        // end demo
        'logs user-a': `${JSON.stringify({ level: 'warn', time: '2026-01-01T00:00:00.000Z', msg: 'from the pod' })}\n`,
      },
      {
        'service/nats:4222': scene.nats.port,
        'pod/user-a:9090': managementPort,
        'service/postgres:5432': databasePort,
      },
    );
  }

  test('pods, broker and databases are reached through port-forwards, which end with the command', async () => {
    cluster();
    const announcing = await announceUser('user-a');
    const services = await run('services', 'user', ...options);
    expect(services).toMatchObject({ code: 0, out: expect.stringMatching(/user +user-a +ready +1\.0\.0 +eu-1a/) });
    await announcing.close();
    expect((await run('dlq', 'stats', ...options)).out).toBe('no dead letters');
    expect((await run('logs', ...options)).out).toContain('from the pod');
    // demo
    const story = await run('order', '01a21f4e-da4f-7224-b95b-b448aedc15db', ...options);
    expect(story.err).toContain('relation "orders" does not exist');
    // end demo
    const forwards = calls().filter((call) => call.includes('port-forward'));
    expect(forwards.map((call) => call.split('--address 127.0.0.1 ')[1])).toEqual([
      'pod/user-a :9090',
      'service/nats :4222',
      'service/nats :4222',
      // demo
      'service/postgres :5432',
      // end demo
    ]);
    for (const call of calls()) expect(call).toContain('--context kind-causeway --namespace causeway');
    for (const pid of forwards.map((call) => Number(call.split(' ')[0])))
      expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  test('a broker that is out of reach, as one outside of the cluster, hides who announces itself and nothing else', async () => {
    cluster();
    const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as {
      answers: Record<string, string>;
    };
    fake(answers.answers, { 'pod/user-a:9090': managementPort });
    const { code, out } = await run('services', 'user', ...options);
    expect([code, out]).toEqual([0, expect.stringMatching(/user +user-a +ready/)]);
    expect(out).toContain('Whether they announce themselves is not known: ');
  });

  test('a Secret without the key, or a pod that is gone, says what is missing', async () => {
    cluster();
    fake({ 'get secret nats': secret({ user: 'x' }) });
    const noKey = await run('dlq', 'stats', ...options, '--namespace', 'elsewhere');
    expect(noKey).toMatchObject({
      code: 1,
      err: expect.stringContaining('Secret nats in elsewhere has no key operator'),
    });
    fake({ 'get secret nats': secret({ operator: 'koperator' }) });
    const gone = await run('dlq', 'stats', ...options);
    expect(gone).toMatchObject({ code: 1, err: expect.stringContaining('service/nats not found') });
  });
});

describe('Compose', () => {
  test('containers are reached at their own addresses, with the secrets beside the file', async () => {
    const file = join(folder, 'compose.yaml');
    mkdirSync(join(folder, 'secrets'));
    const url = new URL(database.url);
    url.hostname = 'postgres';
    const secrets = {
      'nats-password-operator': 'koperator',
      'operator-token': token,
      'database-url-user': url.href,
      'database-url-order': url.href,
    };
    for (const [name, value] of Object.entries(secrets)) writeFileSync(join(folder, 'secrets', name), value);
    fake({
      'docker version': '28.0.0\n',
      'buildx version': 'v0.20\n',
      'compose version': 'v2.30\n',
      'ps --quiet user': 'c0ffee\n',
      'ps --quiet postgres': 'deed\n',
      'ps --quiet nats': '',
      'inspect --format': 'c0ffee /causeway-user-1 127.0.0.1 \n',
      'logs c0ffee': `${JSON.stringify({ level: 'warn', time: '2026-01-01T00:00:00.000Z', msg: 'from it' })}\n`,
      'ps --quiet': '',
    });
    expect((await run('logs', '--compose', file)).out).toMatch(/causeway-user-1.*from it/);
    // demo
    const story = await run('order', '01a21f4e-da4f-7224-b95b-b448aedc15db', '--compose', file);
    expect(story.err).toContain('relation "orders" does not exist');
    // end demo
    const stopped = await run('dlq', 'stats', '--compose', file);
    expect(stopped).toMatchObject({ code: 1, err: expect.stringContaining('no container of nats runs') });
    for (const call of calls().filter((each) => each.includes(' ps '))) expect(call).toContain(`--file ${file}`);
  });
});

describe('inside of a container', () => {
  const settings = (): Record<string, string | undefined> => {
    const url = new URL(database.url).href;
    writeFileSync(join(folder, 'url'), `${url}\n`);
    return {
      NATS_URL: scene.nats.url,
      NATS_PASSWORD: `k${operator}`,
      OPERATOR_TOKEN: token,
      MANAGEMENT_PORT: String(managementPort),
      // demo
      DATABASE_URL_PAYMENT: url,
      DATABASE_URL_PSP: url,
      DATABASE_URL_ORDER: url,
      // end demo
      DATABASE_URL_USER_FILE: join(folder, 'url'),
    };
  };
  const addresses = (name: string) => Promise.resolve(name === 'user' ? ['127.0.0.1'] : []);
  const inside = () => Promise.resolve(insideTarget(settings(), addresses));

  test('instances are those that DNS knows, and the rest is in the environment', async () => {
    // An address says nothing about the name that the instance has, and announces itself by.
    const announcing = await announceUser('user-a');
    const services = await runAt(inside, 'services', 'user');
    await announcing.close();
    expect(services).toMatchObject({ code: 0, out: expect.stringMatching(/user +\S+ +ready/) });
    // demo
    const story = await runAt(inside, 'order', '01a21f4e-da4f-7224-b95b-b448aedc15db');
    expect(story.err).toContain('relation "orders" does not exist');
    // end demo
    const doctor = await runAt(inside, 'doctor');
    expect(doctor.out).toContain('database of user');
    expect(doctor.out).not.toContain('migrations of user');
  });

  test('every missing setting is named; logs are said to be elsewhere; a change needs a name', async () => {
    const some = { ...settings(), NATS_URL: '', DATABASE_URL_USER_FILE: undefined };
    const missing = await runAt(() => Promise.resolve().then(() => insideTarget(some)), 'services');
    expect(missing).toMatchObject({
      code: 1,
      err: expect.stringMatching(/NATS_URL: missing[^]*DATABASE_URL_USER: missing/),
    });
    expect((await runAt(inside, 'logs')).err).toContain('docker compose logs user');
    const nameless = await runAt(inside, '--inside', 'log-level', 'user', 'debug', '--for', '1m');
    expect(nameless).toMatchObject({ code: 2, err: expect.stringContaining('add --as <your name>') });
  });
});

test.each([
  [['--context', 'a', '--compose']],
  [['--folder', 'x', '--context', 'a']],
  [['--namespace', 'a']],
  [['--inside', '--compose']],
])('%j names no one place: exit code 2', async (options) => {
  expect((await run('dlq', 'stats', ...options)).code).toBe(2);
});
