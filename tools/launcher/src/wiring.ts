import { join } from 'node:path';
import { claimPort, type PortClaim } from './ports.js';
import { defaultFolder } from './places.js';
import type { Secrets } from './secrets.js';
import { serviceNames, services, type ServiceDefinition, type ServiceName } from './services.js';

export interface Address {
  readonly port: number;
  readonly managementPort: number;
}

export interface Ports {
  readonly postgres: number;
  readonly nats: number;
  readonly traces: number;
  /** One entry for each instance. */
  readonly services: Readonly<Record<ServiceName, readonly Address[]>>;
}

/** The first choice of a laptop: fixed, so that bookmarks and scripts keep working. */
export const wantedPorts = { postgres: 5440, nats: 4240, traces: 4340 } as const;

/**
 * Claims all ports at once, before anything starts, since each process is told the addresses of the others.
 * @param where `laptop`: the usual ones, or the next free; `any`: whatever is free, for a second system beside a running one.
 * @param say Told about each port that was in use.
 * @returns the ports, and how to give them back when nothing listens there any more.
 */
export async function choosePorts(
  where: 'laptop' | 'any',
  instances: Partial<Record<ServiceName, number>>,
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
  >;
  for (const { name, port, managementPort } of services) {
    for (let number = 1; number <= (instances[name] ?? 1); number += 1) {
      const further = (number - 1) * 10;
      const id = `${name}-${number}`;
      addresses[name].push({
        port: await choose(id, port + further),
        managementPort: await choose(`${id} management`, managementPort + further),
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
    compileCache: join(defaultFolder, 'compile-cache'),
    log: (name: string) => join(folder, 'logs', `${name}.log`),
  };
}

export type Paths = ReturnType<typeof pathsIn>;

/** What every service is told, beside its own settings. */
export function commonSettings(input: {
  readonly definition: ServiceDefinition;
  readonly number: number;
  readonly address: Address;
  readonly paths: Paths;
  readonly traces: string;
  readonly nats: string;
  readonly databaseUrl: string | undefined;
  readonly secrets: Pick<Secrets, 'managementToken' | 'nats'>;
}): Record<string, string | undefined> {
  const { definition, number, address, paths, traces, nats, databaseUrl, secrets } = input;
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TZ: 'UTC',
    NODE_ENV: 'production',
    // Compiled code of all imports, kept between starts: about 16 % of the start of a service.
    NODE_COMPILE_CACHE: paths.compileCache,
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: String(address.port),
    MANAGEMENT_PORT: String(address.managementPort),
    MANAGEMENT_TOKEN: secrets.managementToken,
    INSTANCE_ID: `${definition.name}-${number}`,
    LOG_LEVEL: 'info',
    OTEL_EXPORTER_OTLP_ENDPOINT: traces,
    ...(databaseUrl && { DATABASE_URL: databaseUrl }),
    ...(definition.nats && {
      NATS_URL: nats,
      NATS_USER: definition.name,
      NATS_PASSWORD: secrets.nats[definition.name],
      // Only `provisioner` manages streams.
      NATS_CREATE_MISSING: 'false',
      DISCOVERY_MODE: 'nats',
    }),
  };
}
