import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetter } from '@causeway/messaging/operate';
import type { Command } from 'commander';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { changeLetters, type ChangeOptions } from '../dead-letters/change.js';
import { isFiltered, readSelected, withFilter, type LetterFilter } from '../dead-letters/letter-filter.js';
import { asJson, overview, payloadOf, traceIdOf } from '../dead-letters/letter-text.js';
import { WrongUsage } from '../failure.js';
import { count, counts } from '../output/count.js';
import { ago } from '../output/duration.js';
import { oneLine, table } from '../output/table.js';

/** `causeway dlq`: messages that could not be handled. */
export function addDlq(program: Command, run: RunCommand): void {
  const dlq = program
    .command('dlq')
    .description('dead letters: messages that could not be handled')
    .addHelpText('after', example('dlq stats'));

  withFilter(dlq.command('list'))
    .description('list dead letters, oldest first')
    .option('--limit <count>', 'at most so many', count, 100)
    .addHelpText('after', example('dlq list --consumer payment__payment-cmd-authorize-v2 --since 2h'))
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
    .addHelpText('after', example('dlq discard 17 --reason "test message, done by hand" --yes'))
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
  return changeLetters(context, sequences, options, {
    action: 'dlq.replay',
    done: 'replayed',
    check: (letter) => void replaySubject(letter),
    apply: async ({ sequence }, id) => {
      await sleep(Math.max(0, nextAt - performance.now()), undefined, { signal: context.signal });
      nextAt = Math.max(performance.now(), nextAt) + 1_000 / rate;
      return replayDeadLetter(nc, sequence, context.who(), id);
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
  return changeLetters(context, sequences, options, {
    action: 'dlq.discard',
    done: 'discarded',
    check: () => undefined,
    apply: ({ sequence }) => discardDeadLetter(nc, sequence, context.who()),
  });
}
