import type { Command } from 'commander';
import { example, type CommandReport, type RunLocally } from '../command.js';
import { generatorReport, runGenerator, type GeneratorOptions } from '../generate.js';

interface PieceCommand {
  /** The generator. */
  readonly name: string;
  readonly description: string;
  /** The arguments behind the service, each with its description. */
  readonly arguments: readonly (readonly [name: string, description: string])[];
  readonly options: readonly (keyof typeof optionTexts)[];
  readonly example: string;
}

const optionTexts = {
  field: ['--field <name:type...>', 'what it says, for each field: title:line(200); int(1,9); with a ? if optional'],
  summary: ['--summary <sentence>', 'for the API documents; default: the words of the subject'],
  from: ['--from <service>', 'a service that sends or calls it: the broker lets it'],
  publishes: ['--publishes <event>', 'an event of the service that follows from it, in the same transaction'],
  sql: ['--sql <statements>', 'what it does; default: a comment, and you write it'],
  operation: ['--operation <id>', 'the operation id; default: from method and path, as listPosts'],
  scope: ['--scope <key>', 'of the access token: profile; what changes something needs one'],
  noIdempotent: ['--no-idempotent', 'a POST without an Idempotency-Key'],
  noVersioned: ['--no-versioned', 'a PUT or DELETE without If-Match'],
  timestamp: ['--timestamp <time>', 'of the migration, yyyymmddhhmmss in UTC; default: now'],
} as const;

const pieces: readonly PieceCommand[] = [
  {
    name: 'event',
    description: 'an event that a service publishes: contract, function that publishes it, test',
    arguments: [['subject', '<service>.evt.<what happened>.v1; a v2 stands beside v1']],
    options: ['field', 'summary'],
    example: 'new event order order.evt.shipped.v1 --field orderId:id carrier:line(80) shippedAt:timestamp',
  },
  {
    name: 'command',
    description: 'a command that a service handles: contract, handler with inbox, table, test',
    arguments: [['subject', '<service>.cmd.<what to do>.v1']],
    options: ['field', 'summary', 'from', 'publishes', 'timestamp'],
    example: 'new command user user.cmd.block.v1 --from order --field userId:id reason:line(200)',
  },
  {
    name: 'rpc',
    description: 'a question that a service answers: contract, handler, table, test',
    arguments: [['subject', '<service>.rpc.<verb>-<what>.v1']],
    options: ['field', 'summary', 'from', 'timestamp'],
    example: 'new rpc user user.rpc.get-badge.v1 --from order --field name:line(80)',
  },
  {
    name: 'consumer',
    description: 'lets a service handle a message that is there: handler with inbox, table, test',
    arguments: [['subject', 'a message of any service']],
    options: ['publishes', 'timestamp'],
    example: 'new consumer payment order.evt.cancelled.v1',
  },
  {
    name: 'migration',
    description: 'a migration of the database of a service, behind those that may be applied',
    arguments: [['name', 'what it does: add-carrier']],
    options: ['sql', 'timestamp'],
    example: 'new migration order add-carrier',
  },
  {
    name: 'route',
    description: 'a public route: contract with examples, table, use case, controller, test of who may',
    arguments: [
      ['method', 'GET, POST, PUT or DELETE'],
      ['path', 'a collection or an item of it: /v1/posts, /v1/posts/{postId}, /v1/posts/{postId}/comments'],
    ],
    options: ['field', 'scope', 'operation', 'summary', 'noIdempotent', 'noVersioned', 'publishes', 'timestamp'],
    example: 'new route user POST /v1/notes --scope profile --field title:line(200) text:paragraph(2000)',
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
  const { name } = piece;
  const command = parent.command(name).argument('<service>', 'a service of tools/system/src/services.ts');
  for (const [argument, description] of piece.arguments) command.argument(`<${argument}>`, description);
  command.description(piece.description);
  for (const option of piece.options) {
    const [flags, description] = optionTexts[option];
    command.option(flags, description);
  }
  command
    .option('--dry-run', 'say which files would change')
    .addHelpText('after', `${fieldHelp(piece)}${example(`${piece.example} --dry-run`)}`)
    .action(() =>
      runLocally(command, ({ progress }) => {
        const names = ['service', ...piece.arguments.map(([argument]) => argument)];
        const given = Object.fromEntries(names.map((each, index) => [each, command.args[index]]));
        return runPiece(name, { ...given, ...command.opts<PieceOptions>() }, progress);
      }),
    );
}

const fieldHelp = ({ options }: PieceCommand): string =>
  options.includes('field')
    ? `
Types of fields: id, timestamp, version, amountMinor, currency, countryCode, text, boolean, line(max), paragraph(max),
identifier(max), opaque(min,max), int(min,max). libs/contracts/README.md says what each refuses.
`
    : '';

async function runPiece(
  generator: string,
  { dryRun, idempotent, versioned, ...given }: PieceOptions,
  progress: (line: string) => void,
): Promise<CommandReport> {
  const options: GeneratorOptions = {
    ...Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        typeof value === 'object' ? value.map(withoutCommas) : value,
      ]),
    ),
    // Without the flag the generator decides by the method.
    ...(idempotent === false && { idempotent }),
    ...(versioned === false && { versioned }),
  };
  if (dryRun !== true) progress(`adding the ${generator}, building, and generating what follows from it`);
  const files = await runGenerator(generator, options, dryRun === true);
  const next = 'look at them with git diff, then: npm test';
  return generatorReport({ generator, ...options }, files, dryRun === true, next);
}

/** Nx takes a comma for the end of an element. */
const withoutCommas = (field: string): string => field.replaceAll(/,\s*(?=[^()]*\))/g, '..');
