import { output, run } from '@causeway/launcher/run';

/** A Docker installation that can build and run the repository's images. */
export interface Engine {
  /** The Docker client: the one on PATH, or the distribution's. */
  readonly docker: string;
  /** `docker compose` or `docker-compose`, as a command and its first arguments. */
  readonly compose: readonly [command: string, ...args: string[]];
}

/** There is no usable Docker engine; the message says how to get one. */
export class NoEngine extends Error {}

const wanted = 'Docker 20.10 or later, with Compose (docs.docker.com/engine/install), and the right to use it';

/** @throws NoEngine when no engine answers, none can build, or Compose is missing */
export async function findEngine(): Promise<Engine> {
  const answering: string[] = [];
  for (const docker of ['docker', '/usr/bin/docker']) {
    if (!(await succeeds(docker, ['version', '--format', '{{.Server.Version}}']))) continue;
    answering.push(docker);
    // Clients since 23 build through the buildx plugin, those before it by themselves.
    const client = await output([docker, 'version', '--format', '{{.Client.Version}}']);
    if (Number.parseInt(client, 10) >= 23 && !(await succeeds(docker, ['buildx', 'version']))) continue;
    if (await succeeds(docker, ['compose', 'version'])) return { docker, compose: [docker, 'compose'] };
    if (await succeeds('docker-compose', ['version'])) return { docker, compose: ['docker-compose'] };
    throw new NoEngine(`There is a Docker engine, but no Compose: ${wanted}.`);
  }
  if (answering.length > 0) throw new NoEngine(`Docker answers, but its buildx plugin is missing: ${wanted}.`);
  throw new NoEngine(`No Docker engine answers: ${wanted}.`);
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    return (await run([command, ...args], { timeoutMs: 20_000 })).code === 0;
  } catch {
    return false;
  }
}
