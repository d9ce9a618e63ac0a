import type { Command } from 'commander';
import { example, type CommandReport, type RunLocally } from '../command.js';
import { generatorReport, runGenerator, type GeneratorOptions } from '../generate.js';

interface PieceCommand {
  /** The generator. */
  readonly name: string;
  readonly description: string;
  /** The second argument, with its description. The first is the service. */
  readonly argument: readonly [name: string, description: string];
  readonly options: readonly (keyof typeof optionTexts)[];
  readonly example: string;
}

const optionTexts = {
  field: ['--field <name:type...>', 'what it says, for each field: title:line(200); int(1,9); with a ? if optional'],
  summary: ['--summary <sentence>', 'for the API documents; default: the words of the subject'],
  from: ['--from <service>', 'a service that sends or calls it: the broker lets it'],
  publishes: ['--publishes <event>', 'an event of the service that follows from it, in the same transaction'],
  sql: ['--sql <statements>', 'what it does; default: a comment, and you write it'],
  timestamp: ['--timestamp <time>', 'of the migration, yyyymmddhhmmss in UTC; default: now'],
} as const;

const pieces: readonly PieceCommand[] = [
  {
    name: 'event',
    description: 'an event that a service publishes: contract, function that publishes it, test',
    argument: ['subject', '<service>.evt.<what happened>.v1; a v2 stands beside v1'],
    options: ['field', 'summary'],
    example: 'new event order order.evt.shipped.v1 --field orderId:id carrier:line(80) shippedAt:timestamp',
  },
  {
    name: 'command',
    description: 'a command that a service handles: contract, handler with inbox, table, test',
    argument: ['subject', '<service>.cmd.<what to do>.v1'],
    options: ['field', 'summary', 'from', 'publishes', 'timestamp'],
    example: 'new command user user.cmd.block.v1 --from order --field userId:id reason:line(200)',
  },
  {
    name: 'rpc',
    description: 'a question that a service answers: contract, handler, table, test',
    argument: ['subject', '<service>.rpc.<verb>-<what>.v1'],
    options: ['field', 'summary', 'from', 'timestamp'],
    example: 'new rpc user user.rpc.get-badge.v1 --from order --field name:line(80)',
  },
  {
    name: 'consumer',
    description: 'lets a service handle a message that is there: handler with inbox, table, test',
    argument: ['subject', 'a message of any service'],
    options: ['publishes', 'timestamp'],
    example: 'new consumer payment order.evt.cancelled.v1',
  },
  {
    name: 'migration',
    description: 'a migration of the database of a service, behind those that may be applied',
    argument: ['name', 'what it does: add-carrier'],
    options: ['sql', 'timestamp'],
    example: 'new migration order add-carrier',
  },
];

/** `causeway new event|command|…`: a piece inside a service. */
export function addNewPieces(program: Command, runLocally: RunLocally): void {
  const parent = newCommandOf(program);
  for (const piece of pieces) addPiece(parent, piece, runLocally);
}

/** The command under which all that is new stands, made by whoever comes first. */
export const newCommandOf = (program: Command): Command =>
  program.commands.find((command) => command.name() === 'new') ??
  program
    .command('new')
    .description('add to this repository: code, contract, tests and documents, registered and checked');

type PieceOptions = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

function addPiece(parent: Command, piece: PieceCommand, runLocally: RunLocally): void {
  const { name, argument } = piece;
  const command = parent
    .command(name)
    .argument('<service>', 'a service of tools/system/src/services.ts')
    .argument(`<${argument[0]}>`, argument[1])
    .description(piece.description);
  for (const option of piece.options) {
    const [flags, description] = optionTexts[option];
    command.option(flags, description);
  }
  command
    .option('--dry-run', 'say which files would change')
    .addHelpText('after', example(`${piece.example} --dry-run`))
    .action((service: string, subject: string, options: PieceOptions, action: Command) =>
      runLocally(action, () => runPiece(name, { service, [argument[0]]: subject, ...options })),
    );
}

async function runPiece(generator: string, { dryRun, ...given }: PieceOptions): Promise<CommandReport> {
  const options: GeneratorOptions = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, typeof value === 'object' ? value.map(withoutCommas) : value]),
  );
  const files = await runGenerator(generator, options, dryRun === true);
  const next = 'look at them with git diff, then: npm test';
  return generatorReport({ generator, ...given }, files, dryRun === true, next);
}

/** Nx takes a comma for the end of an element. */
const withoutCommas = (field: string): string => field.replaceAll(/,\s*(?=[^()]*\))/g, '..');
