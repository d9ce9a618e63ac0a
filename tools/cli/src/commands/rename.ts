import type { Command } from 'commander';
import { example, type CommandReport, type RunLocally } from '../command.js';
import { demandCleanTree, generatorReport, runGenerator } from '../generate.js';

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
  if (!dryRun) await demandCleanTree('nothing was renamed');
  const files = await runGenerator('rename', { name, title }, dryRun);
  return generatorReport({ name }, files, dryRun, 'look at them with git diff, then: npm test, npm start');
}
