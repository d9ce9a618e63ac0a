import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Command } from '@causeway/launcher/run';
import { runChild } from './child-process.js';
import { migrationsFile, type BoundaryViolation, type Tooling } from './tooling.js';

/** The bootstrap, npm and Nx of whatever version is in a folder: paths that every version of the template has. */
export function nxTooling(signal: AbortSignal): Tooling {
  const runIn = async (folder: string, command: Command, extra: NodeJS.ProcessEnv = {}): Promise<string> => {
    const printed = mkdtempSync(join(tmpdir(), 'update-output-'));
    try {
      // Into files: Nx ends without waiting until somebody has read what it prints.
      const [out, err] = [join(printed, 'out'), join(printed, 'err')];
      const { code } = await runChild(['sh', '-c', 'exec "$@" >"$PRINTED/out" 2>"$PRINTED/err"', 'sh', ...command], {
        cwd: folder,
        env: { ...environment(folder), PRINTED: printed, ...extra },
        signal,
      });
      const text = readFileSync(out, 'utf8');
      if (code === 0) return text;
      throw new Error(whatWentWrong(text + readFileSync(err, 'utf8')));
    } finally {
      rmSync(printed, { recursive: true, force: true });
    }
  };
  return {
    setUp: async (folder) => void (await runIn(folder, [process.execPath, 'tools/bootstrap.mjs'])),
    runStep: async (folder, step, last) => {
      const command: Command = [nodeFor(folder), 'tools/generators/dist/run-step.js', JSON.stringify(step)];
      await runIn(folder, command, { MORE_STEPS_FOLLOW: String(!last) });
    },
    generatedFiles: async (folder) => JSON.parse(await runIn(folder, generate(folder, '--list'))) as string[],
    staleFiles: async (folder) => JSON.parse(await runIn(folder, generate(folder, '--check'))) as string[],
    boundaryViolations: async (folder) => {
      // Leaves the graph of projects in Nx's cache, where its lint rule looks for it.
      await runIn(folder, [...nx(folder), 'show', 'projects']);
      const linted = await runIn(folder, [nodeFor(folder), 'tools/checks/src/lint-boundaries.mjs']);
      return JSON.parse(linted) as BoundaryViolation[];
    },
    install: async (folder) => {
      const path = withoutLocalBin(folder, process.env['PATH']);
      await runIn(folder, ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'], { PATH: path });
    },
    generate: async (folder) => void (await runIn(folder, ['npm', 'run', '--silent', 'generate'])),
    migrate: (folder, names) => migrate(folder, names, (command, extra) => runIn(folder, command, extra)),
  };
}

/** npm installs Node 24 where there is a package of it; this process may run on the host's older one. */
function nodeFor(folder: string): string {
  const installed = join(folder, 'node_modules', '.bin', 'node');
  return existsSync(installed) ? installed : process.execPath;
}

const generate = (folder: string, option: string): Command => [
  nodeFor(folder),
  'tools/generate/dist/generate-command.js',
  option,
];

const nx = (folder: string): Command => [nodeFor(folder), join(folder, 'node_modules/nx/dist/bin/nx.js')];

const scopeOf = (folder: string): string =>
  `@${(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string }).name}`;

/**
 * `nx migrate --run-migrations` takes a list of entries, each with the package that has them. By default it installs
 * and runs the newest Nx for that: ours has to do.
 */
async function migrate(
  folder: string,
  names: readonly string[],
  runIn: (command: Command, extra: NodeJS.ProcessEnv) => Promise<string>,
): Promise<void> {
  const { generators } = JSON.parse(readFileSync(join(folder, migrationsFile), 'utf8')) as {
    generators: Record<string, { version: string; description?: string }>;
  };
  const list = join('node_modules', '.cache', 'template-migrations.json');
  mkdirSync(dirname(join(folder, list)), { recursive: true });
  const own = `${scopeOf(folder)}/generators`;
  const migrations = names.map((name) => ({ package: own, name, ...generators[name] }));
  writeFileSync(join(folder, list), JSON.stringify({ migrations }));
  const options = ['--skip-install', '--no-interactive', '--agentic=false', '--no-create-commits'];
  await runIn([...nx(folder), 'migrate', `--run-migrations=${list}`, ...options], { NX_MIGRATE_USE_LOCAL: 'true' });
}

/** Variables of an outer Nx or npm name the repository that this process was started in. */
function environment(folder: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(NX_|npm_(lifecycle|package|config_local))/.test(name));
  return {
    ...Object.fromEntries(own),
    PATH: [join(folder, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    NODE_OPTIONS: '',
    NX_DAEMON: 'false',
    NX_TUI: 'false',
    NO_COLOR: '1',
  };
}

/** npm replaces what is in `node_modules/.bin`, Node included. */
const withoutLocalBin = (folder: string, path = ''): string =>
  path
    .split(delimiter)
    .filter((entry) => entry !== join(folder, 'node_modules', '.bin'))
    .join(delimiter);

function whatWentWrong(said: string): string {
  const [, ofNx] = [...said.matchAll(/^ *NX +(.+)$/gm)].at(-1) ?? [];
  return ofNx ?? said.trim().split('\n').slice(-15).join('\n');
}
