import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '@causeway/launcher/find-running';
import { output, run } from '@causeway/launcher/run';
import type { Command } from 'commander';
import { example, type CommandReport, type RunLocally } from '../command.js';
import { CommandFailed } from '../failure.js';

/** `causeway rename`: a fork gets a name of its own. */
export function addRename(program: Command, runLocally: RunLocally): void {
  program
    .command('rename')
    .argument('<name>', 'one word of lower-case letters and digits')
    .description('give this repository another name: packages, schema, namespace, images, metrics, documents')
    .option('--title <title>', 'for people; default: the name with a capital')
    .option('--dry-run', 'say which files would change')
    .addHelpText('after', example('rename acmeshop --title "Acme Shop" --dry-run'))
    .action((name: string, options: RenameCommandOptions, command: Command) =>
      runLocally(command, () => rename(name, options)),
    );
}

interface RenameCommandOptions {
  readonly title?: string;
  readonly dryRun?: boolean;
}

async function rename(name: string, { title, dryRun = false }: RenameCommandOptions): Promise<CommandReport> {
  const changes = await output(['git', '-C', repository, 'status', '--porcelain']);
  if (changes !== '' && !dryRun)
    throw new CommandFailed(
      'nothing was renamed, because there are changes that are not committed',
      'Commit or stash them: a rename touches nearly every file, and git is how to look at it and take it back.',
    );
  const said = await generate('rename', [
    `--name=${name}`,
    ...(title === undefined ? [] : [`--title=${title}`]),
    ...(dryRun ? ['--dry-run'] : []),
  ]);
  const files = said.split('\n').filter((line) => /^(CREATE|UPDATE|DELETE) /.test(line));
  return {
    data: { name, dryRun, files },
    lines: dryRun
      ? [...files, '', `${files.length} files would change; leave --dry-run away to do it`]
      : [`${files.length} files changed; look at them with git diff, then: npm test, npm start`],
  };
}

/** Runs a generator of this repository. @returns what Nx printed */
async function generate(generator: string, options: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'generate-'));
  const printed = join(folder, 'output');
  const nx = join(repository, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
  try {
    // Into a file: Nx ends without waiting until somebody has read what it prints.
    const { code } = await run(
      [
        ...(['sh', '-c', 'exec "$@" >"$PRINTED" 2>&1', 'sh', process.execPath, nx] as const),
        ...['generate', `@causeway/generators:${generator}`, ...options, '--no-interactive'],
      ],
      {
        cwd: repository,
        env: { ...process.env, PRINTED: printed, NX_DAEMON: 'false', NX_TUI: 'false', NO_COLOR: '1' },
      },
    );
    const text = readFileSync(printed, 'utf8');
    if (code === 0) return text;
    const said = [...text.matchAll(/^ *NX +(.+)$/gm)].map(([, line]) => line);
    throw new CommandFailed(said.at(-1) ?? text.trim());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
