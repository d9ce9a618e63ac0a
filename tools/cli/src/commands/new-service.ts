import type { Command } from 'commander';
import { example, type CommandReport, type LocalContext, type RunLocally } from '../command.js';
import { WrongUsage } from '../failure.js';
import { demandCleanTree, generatorReport, runGenerator } from '../generate.js';
import { newCommandOf } from './new-pieces.js';

const help = `
A service that publishes or consumes has a database, because an event leaves by the outbox and is handled once by the
inbox. What it does is an example that its tests know: it records things, once for each owner and reference.
docs/guides/add-a-service.md explains what a service consists of.`;

/** `causeway new service`: a service in the shape of the house. */
export function addNewService(program: Command, runLocally: RunLocally): void {
  newCommandOf(program)
    .command('service')
    .argument('<name>', 'one word of lower-case letters')
    .description('a service: code, contracts, database, account of the broker, image, manifests, alerts, tests')
    .option('--title <title>', 'of its image; default: the title of the repository, the name, and service')
    .option('--shape <shape>', 'domain: rules, use cases, adapters; flat: a folder for each feature', 'domain')
    .option('--database', 'it has a database of its own')
    .option('--publishes <subject...>', 'events that it publishes, as in invoice.evt.sent.v1')
    .option('--consumes <subject...>', 'events of others that it handles, as in order.evt.confirmed.v1')
    .option('--http', 'it has public routes')
    .option('--empty', 'nothing but its capabilities, for new event, new route and their like to fill')
    .option('--force', 'although there are changes that are not committed')
    .option('--dry-run', 'say which files would change')
    .addHelpText(
      'after',
      [
        help,
        example('new service invoice --http --publishes invoice.evt.sent.v1 --consumes order.evt.confirmed.v1'),
      ].join('\n'),
    )
    .action((name: string, options: NewServiceOptions, command: Command) =>
      runLocally(command, (context) => newService(name, options, context)),
    );
}

interface NewServiceOptions {
  readonly title?: string;
  readonly shape: string;
  readonly database?: boolean;
  readonly publishes?: readonly string[];
  readonly consumes?: readonly string[];
  readonly http?: boolean;
  readonly empty?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

async function newService(
  name: string,
  { force = false, dryRun = false, ...options }: NewServiceOptions,
  { progress }: LocalContext,
): Promise<CommandReport> {
  if (options.shape !== 'domain' && options.shape !== 'flat')
    throw new WrongUsage(`--shape is domain or flat, not "${options.shape}"`);
  if (!dryRun && !force) await demandCleanTree('nothing was added');
  if (!dryRun) progress(`adding ${name}, building, and generating what follows from it: about a minute`);
  const files = await runGenerator('service', { name, ...options }, dryRun);
  return generatorReport({ name }, files, dryRun, `npm start runs it; npm test -- apps/${name} tests it`);
}

/** `causeway remove service`: takes one away that nothing depends on. */
export function addRemoveService(program: Command, runLocally: RunLocally): void {
  program
    .command('remove')
    .description('take something of this repository away')
    .command('service')
    .argument('<name>', 'as in the list of services')
    .description('a service that nothing depends on; otherwise it says what does')
    .option('--force', 'also what was edited by hand and is not committed')
    .option('--dry-run', 'say which files would change')
    .addHelpText('after', example('remove service invoice --dry-run'))
    .action((name: string, options: { readonly force?: boolean; readonly dryRun?: boolean }, command: Command) =>
      runLocally(command, async ({ progress }) => {
        const { force, dryRun = false } = options;
        if (!dryRun) progress(`removing ${name}, building, and generating what is left: about a minute`);
        const files = await runGenerator('remove-service', { name, force }, dryRun);
        return generatorReport({ name }, files, dryRun, 'look at them with git diff, then: npm test, npm start');
      }),
    );
}
