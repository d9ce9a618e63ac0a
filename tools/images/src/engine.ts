import { execFile, spawn, type ExecFileOptions } from 'node:child_process';
import { promisify } from 'node:util';
import { guard } from '@causeway/launcher/guard';

const execute = promisify(execFile);

function run(program: string, args: readonly string[], options: ExecFileOptions = {}) {
  const running = execute(program, [...args], { ...options, encoding: 'utf8' });
  guard(running.child);
  return running;
}

/** Where the repository's Dockerfiles can be built and run. */
export interface Engine {
  /** The Docker client to use: the one on PATH, or the distribution's beside it. */
  readonly docker: string;
  /** `docker compose` or `docker-compose`, as a command and its first arguments. */
  readonly compose: readonly [command: string, ...args: string[]];
}

/** Without an engine; the message says how to get one. */
export class NoEngine extends Error {}

const wanted = 'Docker 20.10 or later, with Compose (docs.docker.com/engine/install), and the right to use it';

/** @throws NoEngine in one line, when there is no engine that answers, none that can build, or no Compose. */
export async function findEngine(): Promise<Engine> {
  const answering: string[] = [];
  for (const docker of ['docker', '/usr/bin/docker']) {
    if (!(await succeeds(docker, ['version', '--format', '{{.Server.Version}}']))) continue;
    answering.push(docker);
    // Clients since 23 build through the buildx plugin, those before it by themselves.
    const { stdout } = await run(docker, ['version', '--format', '{{.Client.Version}}']);
    if (Number.parseInt(stdout, 10) >= 23 && !(await succeeds(docker, ['buildx', 'version']))) continue;
    if (await succeeds(docker, ['compose', 'version'])) return { docker, compose: [docker, 'compose'] };
    if (await succeeds('docker-compose', ['version'])) return { docker, compose: ['docker-compose'] };
    throw new NoEngine(`There is a Docker engine, but no Compose: ${wanted}.`);
  }
  if (answering.length > 0) throw new NoEngine(`Docker answers, but its buildx plugin is missing: ${wanted}.`);
  throw new NoEngine(`No Docker engine answers: ${wanted}.`);
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args, { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** Runs a command to its end. @returns its trimmed standard output. @throws with the end of what it said. */
export async function output(
  [command, ...args]: readonly [string, ...string[]],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly timeoutMs?: number } = {},
): Promise<string> {
  try {
    const { stdout } = await run(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      timeout: options.timeoutMs ?? 600_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.trim();
  } catch (error) {
    const { stderr, stdout, message } = error as Error & { stderr?: string; stdout?: string };
    const said = `${stdout ?? ''}\n${stderr ?? message}`.trim().split('\n').slice(-30).join('\n');
    throw new Error(`${command} ${args.join(' ')} failed:\n${said}`, { cause: error });
  }
}

/** Runs a command whose output the person at the keyboard wants to see. @returns its exit code */
export function show([command, ...args]: readonly [string, ...string[]], env?: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = guard(spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }));
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
