import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  addressSettings,
  secretSettings,
  serviceNames,
  type SystemAddresses,
  type Service,
  type ServiceName,
} from '@causeway/system';
import type { BuildInfo } from './build-info.js';
import type { Certificates } from './certificates.js';
import type { ExampleService } from './examples/example-files.js';
import type { FoundExample } from './folder-lock.js';
import { claimPort, type PortClaim } from './ports.js';
import { defaultFolder } from './places.js';
import type { Secrets } from './secrets.js';

export interface Address {
  readonly port: number;
  readonly managementPort: number;
}

export interface Ports {
  readonly postgres: number;
  readonly nats: number;
  readonly traces: number;
  /** One entry for each instance. */
  readonly services: Readonly<Record<ServiceName, readonly Address[]>> & Readonly<Record<string, readonly Address[]>>;
}

/** A service of this system: one of the list, or an example. */
export type RunningService = Service & { readonly name: ServiceName | (string & {}) };

/** The first choice of a laptop: fixed, so that bookmarks and scripts keep working. */
export const wantedPorts = { postgres: 5440, nats: 4240, traces: 4340 } as const;

/**
 * Claims all ports at once, before anything starts, since each process is told the addresses of the others.
 * @param where `laptop`: the usual ones, or the next free; `any`: whatever is free, for a second system beside a
 * running one.
 * @param say Told about each port that was in use.
 * @returns the ports, and how to give them back when nothing listens there any more.
 */
export async function choosePorts(
  where: 'laptop' | 'any',
  services: readonly RunningService[],
  instances: Readonly<Partial<Record<string, number>>>,
  say: (line: string) => void,
): Promise<{ readonly ports: Ports; readonly releasePorts: () => void }> {
  const claims: PortClaim[] = [];
  const choose = async (what: string, wanted: number): Promise<number> => {
    const claim = await claimPort(where === 'any' ? undefined : wanted);
    claims.push(claim);
    const { port } = claim;
    if (where === 'laptop' && port !== wanted) say(`port ${wanted} (${what}) is in use: taking ${port}`);
    return port;
  };
  const addresses = Object.fromEntries(serviceNames.map((name) => [name, [] as Address[]])) as Record<
    ServiceName,
    Address[]
  > &
    Record<string, Address[]>;
  for (const { name, port } of services) {
    const own = (addresses[name] ??= []);
    for (let number = 1; number <= (instances[name] ?? 1); number += 1) {
      const further = (number - 1) * 10;
      const id = `${name}-${number}`;
      own.push({
        port: await choose(id, port + further),
        managementPort: await choose(`${id} management`, port + 100 + further),
      });
    }
  }
  const ports = {
    services: addresses,
    postgres: await choose('PostgreSQL', wantedPorts.postgres),
    nats: await choose('NATS', wantedPorts.nats),
    traces: await choose('traces', wantedPorts.traces),
  };
  return { ports, releasePorts: () => claims.forEach(({ release }) => release()) };
}

/** The paths below a data folder. */
export function pathsIn(folder = defaultFolder) {
  return {
    folder,
    postgres: join(folder, 'postgres'),
    nats: join(folder, 'nats'),
    logs: join(folder, 'logs'),
    mails: join(folder, 'mails'),
    certificates: join(folder, 'certificates'),
    compileCache: join(defaultFolder, 'compile-cache'),
    log: (name: string) => join(folder, 'logs', `${name}.log`),
  };
}

export type Paths = ReturnType<typeof pathsIn>;

/**
 * Name of a service's database on a laptop, and of the role that it runs with. An example has one of its own: in place of a
 * listed service it has other tables.
 */
export const databaseName = (service: string, examples: readonly FoundExample[] = []): string =>
  examples.find(({ name }) => name === service)?.database ?? service.replaceAll('-', '_');

/**
 * Order in which services stop: the way in first, so that nothing new arrives, and last what others call. See
 * `Watched.order`.
 */
export const stopOrderOf = ({ edge, role }: Service): number => (edge ? 0 : role === 'product' ? 10 : 15);

/** Where the services of a system with these ports reach each other, and where browsers reach the gateway. */
export function addressesOf({ services: addresses }: Ports, paths: Paths): SystemAddresses {
  const at = (port: number | undefined, host = '127.0.0.1'): string => `http://${host}:${port}`;
  return {
    publicUrl: at(addresses.gateway[0]?.port),
    publicUrls: addresses.gateway.flatMap(({ port }) => [at(port), at(port, 'localhost')]),
    urlOf: (name) => at(addresses[name]?.[0]?.port),
    mailUrl: pathToFileURL(paths.mails).href,
  };
}

/** The environment of one instance. */
export function settingsOf(input: {
  readonly service: RunningService;
  readonly number: number;
  readonly ports: Ports;
  readonly paths: Paths;
  readonly traces: string;
  readonly nats: string;
  readonly databaseUrl: string | undefined;
  readonly secrets: Secrets;
  readonly build: BuildInfo;
  readonly certificates?: Certificates;
  readonly examples?: readonly ExampleService[];
}): Record<string, string | undefined> {
  const {
    service,
    number,
    ports,
    paths,
    traces,
    nats,
    databaseUrl,
    secrets,
    build,
    certificates,
    examples = [],
  } = input;
  const address = ports.services[service.name]?.[number - 1];
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TZ: 'UTC',
    NODE_ENV: 'production',
    // Compiled code of all imports, kept between starts: about 16 % of the start of a service.
    NODE_COMPILE_CACHE: paths.compileCache,
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: String(address?.port),
    MANAGEMENT_PORT: String(address?.managementPort),
    INSTANCE_ID: `${service.name}-${number}`,
    SERVICE_VERSION: build.version,
    SERVICE_COMMIT: build.commit,
    LOG_LEVEL: 'info',
    OTEL_EXPORTER_OTLP_ENDPOINT: traces,
    // The demo shows the trace of its order.
    OTEL_TRACES_SAMPLER_ARG: '1',
    ...(databaseUrl && { DATABASE_URL: databaseUrl, DATABASE_CA_FILE: certificates?.postgres.caFile }),
    ...(service.nats && {
      NATS_URL: nats,
      NATS_CA_FILE: certificates?.nats.caFile,
      NATS_USER: service.name,
      NATS_PASSWORD: secrets.nats[service.name],
      // Only `provisioner` manages streams.
      NATS_CREATE_MISSING: 'false',
      DISCOVERY_MODE: 'nats',
    }),
    ...addressSettings(service, addressesOf(ports, paths)),
    ...(service.edge && examples.length > 0 && { CONTRACT_FILES: contractFiles(examples) }),
    ...Object.fromEntries(Object.entries(secretSettings(service)).map(([setting, name]) => [setting, secrets[name]])),
  };
}

/** What the gateway forwards to besides the routes of `libs/contracts`. */
const contractFiles = (examples: readonly ExampleService[]): string =>
  examples.map(({ contractFile }) => contractFile).join(',');
