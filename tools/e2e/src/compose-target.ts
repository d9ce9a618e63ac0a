import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEngine, type Engine } from '@causeway/images';
import { startTraceReceiver, type TraceReceiver } from '@causeway/demo-client';
import { claimPort } from '@causeway/launcher';
import { greets } from '@causeway/launcher/nats';
import { output, type Command } from '@causeway/launcher/run';
import { serviceNames, services as listed, type ServiceName } from '@causeway/system';
import { eventually } from './eventually.js';
import { linesOf, connectAs, type Instance, type Server, type Target } from './target.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface ComposeOptions {
  /** Settings over those of compose.yaml. */
  readonly env: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  readonly instances?: Partial<Record<ServiceName, number>>;
  /** Tag of the images; they must have been built. Default `dev`. */
  readonly tag?: string;
}

/** A system of containers, which has a command line beside it. */
export interface ComposeTarget extends Target {
  /** Its Compose file, and what the environment must say for it. */
  readonly project: { readonly file: string; readonly environment: NodeJS.ProcessEnv };
  /** The command that runs the image causeway/cli once, in the network of the others. */
  readonly cli: Command;
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
 * Starts `docker/compose.yaml` unchanged, from existing images, with its own secrets and volumes, on free ports of the
 * loopback address, and waits until every container is ready. Beside the product's ports it publishes some for tests.
 */
export async function composeTarget(options: ComposeOptions): Promise<ComposeTarget> {
  const copy = mkdtempSync(join(tmpdir(), 'causeway-images-'));
  const folder = join(copy, 'docker');
  for (const part of ['docker/compose.yaml', 'docker/nats', 'k8s/components/postgres'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  await output(['sh', join(root, 'docker/secrets.sh'), join(folder, 'secrets')]);
  const claims = await Promise.all(Array.from({ length: 4 }, () => claimPort()));
  const [gateway, standIn, nats, traces] = claims.map(({ port }) => port);
  const engine = await findEngine();
  const traceReceiver = await receiveTraces(engine, traces!);
  const environment = {
    ...process.env,
    COMPOSE_PROJECT_NAME: `causeway-e2e-${gateway}`,
    GATEWAY_PORT: String(gateway),
    TAG: options.tag ?? 'dev',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://host.docker.internal:${traces}`,
  };
  writeFileSync(join(folder, 'e2e.yaml'), JSON.stringify(override(options, { standIn: standIn!, nats: nats! })));
  const project = projectIn(folder, engine, environment);
  const stop = async (): Promise<void> => {
    await project.compose('down', '--volumes', '--timeout', '50');
    await traceReceiver.stop();
    claims.forEach(({ release }) => release());
    rmSync(copy, { recursive: true, force: true });
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
      urls: {
        gateway: url,
        // demo
        psp: `http://127.0.0.1:${standIn}`,
        // end demo
      },
      oidc: { ...oidc, machineClientId: 'causeway-ops', machineSecret: secret('oidc-machine-secret') },
      // demo
      secrets: { pspApiKey: secret('psp-api-key'), pspWebhookSecret: secret('psp-webhook-secret') },
      // end demo
      services,
      postgres: await serverOf(project, 'postgres', (id) =>
        project.docker('exec', id, 'pg_isready', '--host=127.0.0.1', '--username=postgres'),
      ),
      nats: await serverOf(project, 'nats', () => greets(nats!)),
      connectNats: (user) =>
        connectAs(`localhost:${nats}`, user, secret(`nats-password-${user}`), { ca: secret('nats-ca.crt') }),
      rowsOf: async (database) => {
        const dump = ['pg_dump', '--data-only', '--inserts', '--username=postgres', '--host=127.0.0.1', database];
        return project.docker('exec', (await project.compose('ps', '--quiet', 'postgres')).trim(), ...dump);
      },
      trace: (traceId) => Promise.resolve(traceReceiver.trace(traceId)),
      project: { file: join(folder, 'compose.yaml'), environment },
      cli: [...engine.compose, '--file', join(folder, 'compose.yaml'), 'run', '--rm', '-T', 'cli'],
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
function override({ env }: ComposeOptions, ports: { standIn: number; nats: number }): object {
  const published: Partial<Record<string, string[]>> = {
    ...Object.fromEntries(
      listed.filter(({ role }) => role === 'stand-in').map(({ name }) => [name, [`127.0.0.1:${ports.standIn}:8080`]]),
    ),
    nats: [`127.0.0.1:${ports.nats}:4222`],
  };
  const services = serviceNames.map((name) => [
    name,
    {
      environment: { OTEL_TRACES_SAMPLER_ARG: '1', ...env[name] },
      extra_hosts: ['host.docker.internal:host-gateway'],
      ...(published[name] && { ports: published[name] }),
    },
  ]);
  return { services: { ...Object.fromEntries(services), nats: { ports: published['nats'] } } };
}

/** Runs inside of a container, whose management port is not published. */
const printMetrics =
  'const { MANAGEMENT_PORT: port } = process.env;' +
  'process.stdout.write(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())';

interface Container extends Instance {
  ready(): Promise<unknown>;
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
  const ready = (): Promise<unknown> =>
    eventually(
      `${service} is ready`,
      async () => {
        await project.docker('exec', id, 'node', '/usr/local/lib/causeway/healthcheck.mjs');
        return true;
      },
      60_000,
    );
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
    metrics: () => project.docker('exec', id, 'node', '--input-type=module', '--eval', printMetrics),
  };
}

/** @param answers Returns something truthy once the server takes clients. */
async function serverOf(project: Project, name: string, answers: (id: string) => Promise<unknown>): Promise<Server> {
  const id = await project.compose('ps', '-q', name);
  return {
    kill: () => project.docker('kill', id),
    restart: async () => {
      await project.docker('start', id);
      await eventually(`${name} answers`, () => answers(id), 60_000);
    },
  };
}

/**
 * Where containers reach this machine: on Linux at the address of Docker's bridge; where Docker runs in a virtual
 * machine, at its loopback.
 */
async function receiveTraces({ docker }: Engine, port: number): Promise<TraceReceiver> {
  const format = '{{range .IPAM.Config}}{{.Gateway}}{{end}}';
  const bridge = await output([docker, 'network', 'inspect', 'bridge', '--format', format]);
  return startTraceReceiver(port, { host: bridge || '172.17.0.1' }).catch(() => startTraceReceiver(port));
}
