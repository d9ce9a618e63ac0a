import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import type { DeadLetter } from '@causeway/messaging/operate';
import { audited, type AuditedAction } from '../audit.js';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { WrongUsage } from '../failure.js';
import { ago } from '../output/duration.js';
import { oneLine, table } from '../output/table.js';
import { describeFilter, isFiltered, readSelected, withFilter, type LetterFilter } from './letter-filter.js';

/** Letters that one entry of the audit trail names; it must fit into a message. */
const chunkSize = 500;
/** Letters that a dry run shows. */
const shown = 20;

interface ChangeOptions extends LetterFilter {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
}

/** `causeway dlq`: messages that could not be handled. */
export function addDlq(program: Command, run: RunCommand): void {
  const dlq = program
    .command('dlq')
    .description('dead letters: messages that could not be handled')
    .addHelpText('after', example('dlq stats'));

  withFilter(dlq.command('list'))
    .description('list dead letters, oldest first')
    .option('--limit <count>', 'at most so many', count, 100)
    .addHelpText('after', example('dlq list --consumer payment__payment-cmd-authorize-v1 --since 2h'))
    .action((filter: LetterFilter & { limit: number }, command: Command) =>
      run(command, (context) => list(context, filter)),
    );

  dlq
    .command('show')
    .description('show everything that is known about one dead letter')
    .argument('<sequence>', 'its number in `dlq list`', count)
    .addHelpText('after', example('dlq show 17'))
    .action((sequence: number, _options: unknown, command: Command) =>
      run(command, (context) => show(context, sequence)),
    );

  dlq
    .command('stats')
    .description('count dead letters by consumer and error code')
    .addHelpText('after', example('dlq stats --json'))
    .action((_options: unknown, command: Command) => run(command, stats));

  withFilter(dlq.command('replay'))
    .description('send the messages again; without --yes only show which')
    .argument('[sequences...]', 'numbers in `dlq list`', counts)
    .option('--all', 'every dead letter')
    .option('--rate <count>', 'messages a second, at most 1000', count, 50)
    .option('--yes', 'do it')
    .option('--reason <text>', 'why, for the audit trail')
    .addHelpText(
      'after',
      [
        '\nA message keeps its id and its trace: a consumer that has handled it meanwhile skips it, so a replay may be',
        'repeated. If it fails again, it comes back as a new dead letter.',
        example('dlq replay 17 --yes', 'dlq replay --code DEPENDENCY_UNAVAILABLE --since 1d --rate 20 --yes'),
      ].join('\n'),
    )
    .action((sequences: number[], options: ChangeOptions & { rate: number }, command: Command) =>
      run(command, (context) => replay(context, sequences, options)),
    );

  withFilter(dlq.command('discard'))
    .description('remove dead letters for good; without --yes only show which')
    .argument('[sequences...]', 'numbers in `dlq list`', counts)
    .option('--all', 'every dead letter')
    .option('--yes', 'do it')
    .requiredOption('--reason <text>', 'why, for the audit trail')
    .addHelpText('after', example('dlq discard 17 --reason "test order, refunded by hand" --yes'))
    .action((sequences: number[], options: ChangeOptions, command: Command) =>
      run(command, (context) => discard(context, sequences, options)),
    );
}

async function list(context: CommandContext, filter: LetterFilter & { limit: number }): Promise<CommandReport> {
  const letters: DeadLetter[] = [];
  for await (const letter of readSelected(await context.target.nats(), filter)) {
    letters.push(letter);
    if (letters.length === filter.limit) break;
  }
  if (letters.length === 0)
    return { data: [], lines: [isFiltered(filter) ? 'no dead letters match' : 'no dead letters'] };
  return { data: letters.map(asJson), lines: overview(letters) };
}

async function show({ target }: CommandContext, sequence: number): Promise<CommandReport> {
  const { readDeadLetter } = await import('@causeway/messaging/operate');
  const letter = await readDeadLetter(await target.nats(), sequence);
  if (!letter) return { data: null, lines: [`there is no dead letter ${sequence}`], ok: false };
  const fields: [string, string][] = [
    ['consumer', letter.consumer],
    ['subject', letter.subject],
    ['message', letter.messageId],
    ['failed', `${letter.at.toISOString()} (${ago(letter.at)}), attempt ${letter.attempts}`],
    ['code', letter.code],
    ['reason', oneLine(letter.reason, 2_000)],
    ...letter.violations.map(({ path, message }): [string, string] => ['invalid', oneLine(`${path}: ${message}`)]),
    ['trace', traceIdOf(letter) ?? 'none'],
  ];
  return {
    data: { ...asJson(letter), payload: payloadOf(letter) },
    lines: [
      ...fields.map(([name, value]) => `${name.padEnd(9)} ${value}`),
      '',
      ...JSON.stringify(payloadOf(letter), null, 2).split('\n'),
    ],
  };
}

async function stats({ target }: CommandContext): Promise<CommandReport> {
  const groups = new Map<string, { consumer: string; code: string; count: number; oldest: Date; newest: Date }>();
  for await (const { consumer, code, at } of readSelected(await target.nats(), {})) {
    const key = `${consumer} ${code}`;
    const { count, oldest } = groups.get(key) ?? { count: 0, oldest: at };
    groups.set(key, { consumer, code, count: count + 1, oldest, newest: at });
  }
  const rows = [...groups.values()].sort((a, b) => b.count - a.count);
  if (rows.length === 0) return { data: [], lines: ['no dead letters'] };
  return {
    data: rows,
    lines: table(
      ['count', 'consumer', 'code', 'oldest', 'newest'],
      rows.map(({ count, consumer, code, oldest, newest }) => [count, consumer, code, ago(oldest), ago(newest)]),
    ),
  };
}

async function replay(
  context: CommandContext,
  sequences: readonly number[],
  options: ChangeOptions & { rate: number },
): Promise<CommandReport> {
  const { rate } = options;
  if (rate < 1 || rate > 1_000) throw new WrongUsage('--rate is 1 to 1000 messages a second');
  const { replayDeadLetter, replaySubject } = await import('@causeway/messaging/operate');
  const nc = await context.target.nats();
  let nextAt = performance.now();
  return change(context, sequences, options, {
    action: 'dlq.replay',
    done: 'replayed',
    check: (letter) => void replaySubject(letter),
    apply: async ({ sequence }, id) => {
      await sleep(nextAt - performance.now(), undefined, { signal: context.signal });
      nextAt = Math.max(performance.now(), nextAt) + 1_000 / rate;
      return replayDeadLetter(nc, sequence, context.who, id);
    },
  });
}

async function discard(
  context: CommandContext,
  sequences: readonly number[],
  options: ChangeOptions,
): Promise<CommandReport> {
  const { discardDeadLetter } = await import('@causeway/messaging/operate');
  const nc = await context.target.nats();
  return change(context, sequences, options, {
    action: 'dlq.discard',
    done: 'discarded',
    check: () => undefined,
    apply: ({ sequence }) => discardDeadLetter(nc, sequence, context.who),
  });
}

interface LetterChange {
  readonly action: AuditedAction['action'];
  readonly done: 'replayed' | 'discarded';
  /** @throws Error when the letter must stay as it is */
  readonly check: (letter: DeadLetter) => void;
  /** @returns false when the letter is gone already */
  readonly apply: (letter: DeadLetter, auditId: string) => Promise<boolean>;
}

/** Selects, shows, and with `--yes` changes: each chunk between its two entries of the audit trail. */
async function change(
  context: CommandContext,
  sequences: readonly number[],
  options: ChangeOptions,
  { action, done, check, apply }: LetterChange,
): Promise<CommandReport> {
  const { letters, missing, refused } = await select(context, sequences, options, check);
  const problems = [
    ...missing.map((sequence) => `there is no dead letter ${sequence}`),
    ...refused.map(({ error }) => error),
  ];
  const about = { missing, refused };
  if (!options.yes || letters.length === 0)
    return {
      data: { dryRun: !options.yes, selected: letters.map(asJson), ...about },
      lines: [...(letters.length === 0 ? ['no dead letters match'] : planOf(letters, done)), ...problems],
      ok: problems.length === 0,
    };
  const result: Applied = { changed: [], gone: [] };
  const nc = await context.target.nats();
  for (let from = 0; from < letters.length && !result.failure; from += chunkSize) {
    const chunk = letters.slice(from, from + chunkSize);
    const details = { filter: describeFilter(options), letters: chunk.map(identityOf) };
    const part = await audited(nc, { who: context.who, action, reason: options.reason, details }, (id) =>
      applyAll(chunk, (letter) => apply(letter, id)),
    );
    result.changed.push(...part.changed);
    result.gone.push(...part.gone);
    if (part.failure) result.failure = part.failure;
  }
  const { changed, gone, failure } = result;
  return {
    data: { dryRun: false, [done]: changed, gone, failure, ...about },
    lines: [
      `${done} ${plural(changed.length)}`,
      ...(gone.length > 0 ? [`${plural(gone.length)} had gone already`] : []),
      ...(failure ? [`stopped: ${failure}. The others are still there; run the same command again.`] : []),
      ...problems,
    ],
    ok: !failure && problems.length === 0,
  };
}

interface Applied extends Record<string, unknown> {
  readonly changed: number[];
  readonly gone: number[];
  failure?: string;
}

async function applyAll(
  letters: readonly DeadLetter[],
  apply: (letter: DeadLetter) => Promise<boolean>,
): Promise<Applied> {
  const applied: Applied = { changed: [], gone: [] };
  for (const letter of letters) {
    try {
      ((await apply(letter)) ? applied.changed : applied.gone).push(letter.sequence);
    } catch (error) {
      // What was done stays done; the trail must say how far it came.
      return { ...applied, failure: error instanceof Error ? error.message : String(error) };
    }
  }
  return applied;
}

interface LetterSelection {
  readonly letters: DeadLetter[];
  readonly missing: number[];
  readonly refused: { readonly sequence: number; readonly error: string }[];
}

/** @throws WrongUsage unless the command line says clearly which letters it means */
async function select(
  { target }: CommandContext,
  sequences: readonly number[],
  options: ChangeOptions,
  check: (letter: DeadLetter) => void,
): Promise<LetterSelection> {
  const ways = [sequences.length > 0, isFiltered(options), options.all === true].filter(Boolean).length;
  if (ways !== 1) throw new WrongUsage('name the letters by their numbers, or by a filter, or all of them with --all');
  const nc = await target.nats();
  const selection: LetterSelection = { letters: [], missing: [], refused: [] };
  const take = (letter: DeadLetter): void => {
    try {
      check(letter);
      selection.letters.push(letter);
    } catch (error) {
      selection.refused.push({ sequence: letter.sequence, error: (error as Error).message });
    }
  };
  if (sequences.length === 0) {
    for await (const letter of readSelected(nc, options)) take(letter);
    return selection;
  }
  const { readDeadLetter } = await import('@causeway/messaging/operate');
  for (const sequence of new Set(sequences)) {
    const letter = await readDeadLetter(nc, sequence);
    if (letter) take(letter);
    else selection.missing.push(sequence);
  }
  return selection;
}

function planOf(letters: readonly DeadLetter[], done: LetterChange['done']): string[] {
  const more = letters.length - shown;
  return [
    ...overview(letters.slice(0, shown)),
    ...(more > 0 ? [`… and ${more} more`] : []),
    '',
    `nothing was changed: ${plural(letters.length)} would be ${done}. With --yes it happens.`,
  ];
}

const overview = (letters: readonly DeadLetter[]): string[] =>
  table(
    ['sequence', 'failed', 'consumer', 'message', 'code', 'attempts', 'reason'],
    letters.map(({ sequence, at, consumer, messageId, code, attempts, reason }) => [
      sequence,
      ago(at),
      consumer,
      messageId,
      code,
      attempts,
      oneLine(reason, 60),
    ]),
  );

const identityOf = ({ sequence, consumer, subject, messageId, code }: DeadLetter) => ({
  sequence,
  consumer,
  subject,
  messageId,
  code,
});

const asJson = (letter: DeadLetter) => ({
  ...identityOf(letter),
  reason: letter.reason,
  violations: letter.violations,
  attempts: letter.attempts,
  at: letter.at,
  traceId: traceIdOf(letter) ?? null,
});

const traceIdOf = ({ traceparent }: DeadLetter): string | undefined => traceparent?.split('-')[1];

/** As JSON where it is that: a malformed message is a reason to be here. */
function payloadOf({ payload }: DeadLetter): unknown {
  const text = new TextDecoder().decode(payload);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const plural = (letters: number): string => `${letters} dead letter${letters === 1 ? '' : 's'}`;

export function count(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Write a whole number from 1.');
  return Number(text);
}

const counts = (text: string, before: readonly number[] = []): number[] => [...before, count(text)];
