import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '@causeway/launcher/find-running';
import { output, run } from '@causeway/launcher/run';
import type { CommandReport } from './command.js';
import { CommandFailed } from './failure.js';

/** Options of a generator; those that are undefined are not passed. */
export type GeneratorOptions = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/**
 * Runs a generator of `@causeway/generators` in this repository.
 * @param dryRun nothing is written
 * @returns the files, as in `CREATE apps/invoice/README.md`
 * @throws CommandFailed with what the generator refuses
 */
export async function runGenerator(
  generator: string,
  options: GeneratorOptions,
  dryRun: boolean,
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'generate-'));
  const printed = join(folder, 'output');
  const nx = join(repository, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
  try {
    // Into a file: Nx ends without waiting until somebody has read what it prints.
    const { code } = await run(
      [
        ...(['sh', '-c', 'exec "$@" >"$PRINTED" 2>&1', 'sh', process.execPath, nx] as const),
        ...['generate', `@causeway/generators:${generator}`, ...flags(options), '--no-interactive'],
        ...(dryRun ? ['--dry-run'] : []),
      ],
      {
        cwd: repository,
        env: { ...process.env, PRINTED: printed, NX_DAEMON: 'false', NX_TUI: 'false', NO_COLOR: '1' },
      },
    );
    const text = readFileSync(printed, 'utf8');
    if (code === 0) return text.split('\n').filter((line) => /^(CREATE|UPDATE|DELETE) /.test(line));
    const said = [...text.matchAll(/^ *NX +(.+)$/gm)].map(([, line]) => line);
    throw new CommandFailed(said.at(-1) ?? text.trim());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function flags(options: GeneratorOptions): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const values = typeof value === 'object' ? value : [value];
    return values.map((one) => `--${name}=${String(one)}`);
  });
}

/** @throws CommandFailed when git has changes that are not committed: a command that touches many files mixes with them */
export async function demandCleanTree(why: string): Promise<void> {
  const changes = await output(['git', '-C', repository, 'status', '--porcelain']);
  if (changes !== '') throw new CommandFailed(`${why}, because there are changes that are not committed`, cleanTree);
}

const cleanTree = 'Commit or stash them: this touches many files, and git is how to look at it and take it back.';

/** What a generator did or would do, for a person and for `--json`. */
export function generatorReport(
  data: Readonly<Record<string, unknown>>,
  files: readonly string[],
  dryRun: boolean,
  next: string,
): CommandReport {
  return {
    data: { ...data, dryRun, files },
    lines: dryRun
      ? [...files, '', `${files.length} files would change; leave --dry-run away to do it`]
      : [`${files.length} files changed; ${next}`],
  };
}
