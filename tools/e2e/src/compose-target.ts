import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as connectTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEngine, type Engine } from '@causeway/images';
import { startTraceReceiver } from '@causeway/demo-client';
import { output } from '@causeway/launcher/run';
import { serviceNames, type ServiceName } from '@causeway/system';
import { linesOf, connectAs, type Instance, type Server, type Target } from './target.js';

const docker = fileURLToPath(new URL('../../../docker', import.meta.url));

export interface ComposeOptions {
  /** Settings over those of compose.yaml. */
  readonly env: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  readonly instances?: Partial<Record<ServiceName, number>>;
  /** Tag of the images; they must have been built. Default `dev`. */
  readonly tag?: string;
}

/** One started project of Compose, and how to talk to it. */
interface Project {
  readonly engine: Engine;
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  compose(...args: string[]): Promise<string>;
  docker(...args: string[]): Promise<string>;
}

/**
 * Starts `docker/compose.yaml` as it is, from images that are there, with secrets and volumes of its own, on free ports of the loopback
 * address, and waits until every container is ready. Beside the product's ports it publishes what only a test asks for: the ledger of the
 * payment provider, and the broker.
 */
export async function composeTarget(options: ComposeOptions): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-images-'));
  for (const part of ['compose.yaml', 'nats', 'postgres'])
    cpSync(join(docker, part), join(folder, part), { recursive: true });
  await output(['sh', join(docker, 'secrets.sh'), join(folder, 'secrets')]);
  const [gateway, psp, nats, traces] = await freePorts(4);
  const engine = await findEngine();
  const traceReceiver = await startTraceReceiver(traces!);
  const bridge = await forwardFromContainers(engine, traces!);
  const environment = {
    ...process.env,
    COMPOSE_PROJECT_NAME: `causeway-e2e-${gateway}`,
    GATEWAY_PORT: String(gateway),
    TAG: options.tag ?? 'dev',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://host.docker.internal:${traces}`,
  };
  writeFileSync(join(folder, 'e2e.yaml'), JSON.stringify(override(options, { psp: psp!, nats: nats! })));
  const project = projectIn(folder, engine, environment);
  const stop = async (): Promise<void> => {
    await project.compose('down', '--volumes', '--timeout', '50');
    bridge.close();
    await traceReceiver.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const scale = Object.entries(options.instances ?? {}).map(([name, count]) => `--scale=${name}=${count}`);
    await project.compose('up', '--detach', '--no-build', ...scale);
    const services = await instancesOf(project);
    await Promise.all(services.map(({ ready }) => ready()));
    const secret = (name: string): string => readFileSync(join(folder, 'secrets', name), 'utf8');
    const url = `http://127.0.0.1:${gateway}`;
    const oidc = { issuer: `${url}/oidc`, clientId: 'causeway-demo', redirectUri: `${url}/callback` };
    return {
      endpoints: { gateway: url, oidc },
      urls: { gateway: url, psp: `http://127.0.0.1:${psp}` },
      oidc: { ...oidc, machineClientId: 'causeway-ops', machineSecret: secret('oidc-machine-secret') },
      secrets: { pspApiKey: secret('psp-api-key'), pspWebhookSecret: secret('psp-webhook-secret') },
      services,
      postgres: await serverOf(project, 'postgres', async (id) => {
        await project.docker('exec', id, 'pg_isready', '--quiet', '--host=127.0.0.1', '--username=postgres');
      }),
      nats: await serverOf(project, 'nats', () => greeting(nats!)),
      connectNats: (user) => connectAs(`127.0.0.1:${nats}`, user, secret(`nats-password-${user}`)),
      trace: (traceId) => Promise.resolve(traceReceiver.trace(traceId)),
      stop,
    };
  } catch (error) {
    const logs = await project.compose('logs', '--no-color', '--tail=20').catch(() => '');
    await stop();
    throw new Error(`the system did not start from its images. The end of the containers' logs:\n${logs}`, {
      cause: error,
    });
  }
}

function projectIn(folder: string, engine: Engine, environment: NodeJS.ProcessEnv): Project {
  const files = ['--file', join(folder, 'compose.yaml'), '--file', join(folder, 'e2e.yaml')];
  return {
    engine,
    folder,
    environment,
    compose: (...args) =>
      output([...engine.compose, ...files, ...args], { env: environment, cwd: folder, timeoutMs: 180_000 }),
    docker: (...args) => output([engine.docker, ...args], { timeoutMs: 60_000 }),
  };
}

/** What the tests need and the product does not: JSON is YAML. */
function override({ env }: ComposeOptions, ports: { psp: number; nats: number }): object {
  const published: Partial<Record<string, string[]>> = {
    'psp-sandbox': [`127.0.0.1:${ports.psp}:8080`],
    nats: [`127.0.0.1:${ports.nats}:4222`],
  };
  const services = serviceNames.map((name) => [
    name,
    {
      environment: env[name] ?? {},
      extra_hosts: ['host.docker.internal:host-gateway'],
      ...(published[name] && { ports: published[name] }),
    },
  ]);
  return { services: { ...Object.fromEntries(services), nats: { ports: published['nats'] } } };
}

interface Container extends Instance {
  ready(): Promise<void>;
}

async function instancesOf(project: Project): Promise<Container[]> {
  const found = await Promise.all(
    serviceNames.map(async (service) => {
      const ids = (await project.compose('ps', '-q', service)).split('\n').filter(Boolean);
      return ids.map((id) => container(project, service, id));
    }),
  );
  return found.flat();
}

function container(project: Project, service: ServiceName, id: string): Container {
  const state = async (): Promise<{ Running: boolean; ExitCode: number }> =>
    JSON.parse(await project.docker('inspect', '--format', '{{json .State}}', id)) as {
      Running: boolean;
      ExitCode: number;
    };
  // The image's own check, asked at once instead of every 5 s.
  const ready = (): Promise<void> =>
    until(`${service} is ready`, async () => {
      await project.docker('exec', id, 'node', '/usr/local/lib/causeway/healthcheck.mjs');
    });
  return {
    service,
    id,
    ready,
    isRunning: async () => (await state()).Running,
    kill: () => project.docker('kill', id),
    stop: async () => {
      await project.docker('stop', '--time', '50', id);
      return { code: (await state()).ExitCode };
    },
    start: async () => {
      await project.docker('start', id);
      await ready();
    },
    log: async () => linesOf(await project.docker('logs', id)),
  };
}

async function serverOf(project: Project, name: string, check: (id: string) => Promise<void>): Promise<Server> {
  const id = await project.compose('ps', '-q', name);
  return {
    kill: () => project.docker('kill', id),
    restart: async () => {
      await project.docker('start', id);
      await until(`${name} answers`, () => check(id));
    },
  };
}

async function until(what: string, check: () => Promise<void>, withinMs = 60_000): Promise<void> {
  const limitAt = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > limitAt) throw new Error(`waited ${withinMs / 1_000} s until ${what}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A NATS server speaks first. A published port alone says nothing: Docker accepts connections in its place. */
function greeting(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.setTimeout(1_000, () => socket.destroy(new Error('no greeting')));
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without a greeting')));
  });
}

/** On Linux containers see this machine as the address of Docker's bridge; where Docker runs in a virtual machine, as its loopback address. */
async function forwardFromContainers({ docker }: Engine, port: number): Promise<{ close(): void }> {
  const host = await output([
    docker,
    'network',
    'inspect',
    'bridge',
    '--format',
    '{{range .IPAM.Config}}{{.Gateway}}{{end}}',
  ]);
  const server = createServer((from) => {
    const to = connectTcp(port, '127.0.0.1');
    from.pipe(to).pipe(from);
    from.on('error', () => to.destroy());
    to.on('error', () => from.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL') resolve({ close: () => undefined });
      else reject(error);
    });
    server.listen(port, host || '172.17.0.1', () => resolve({ close: () => void server.close() }));
    server.unref();
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
