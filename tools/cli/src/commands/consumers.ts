import { consumers as declared, durableName, streams } from '@causeway/contracts';
import { jetstreamManager, type ConsumerInfo, type JetStreamManager } from '@nats-io/jetstream';
import type { Command } from 'commander';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { ago } from '../output/duration.js';
import { table } from '../output/table.js';

/** One durable consumer: what waits for it, and what is wrong with it. */
interface ConsumerRow {
  readonly stream: string;
  readonly consumer: string;
  /** Messages that it has not been sent yet. */
  readonly pending: number;
  /** Sent, and not acknowledged yet. */
  readonly ackPending: number;
  /** Of those: sent more than once. */
  readonly redelivered: number;
  /** Requests for messages that are open: 0 means that no instance is listening, or that all are busy. */
  readonly pulls: number;
  readonly lastDelivered?: Date;
  readonly pausedUntil?: Date;
  /** Messages that the broker gave up after too many deliveries, and that a service ended; of the last seven days. */
  readonly gaveUp: number;
  readonly terminated: number;
  readonly problems: readonly string[];
}

/** `causeway consumers`: is every message being handled? */
export function addConsumers(program: Command, run: RunCommand): void {
  program
    .command('consumers')
    .description('what waits for each consumer, and what the broker has reported about it')
    .addHelpText(
      'after',
      [
        '\ngave up: the broker stopped delivering a message after too many attempts. terminated: a service ended one,',
        'which is what it does once the dead letter is stored. Both come from the stream ADVISORY.',
        example('consumers'),
      ].join('\n'),
    )
    .action((_options: unknown, command: Command) => run(command, consumers));
}

async function consumers({ target }: CommandContext): Promise<CommandReport> {
  const jsm = await jetstreamManager(await target.nats(), { checkAPI: false });
  const advisories = await countAdvisories(jsm);
  const rows: ConsumerRow[] = [];
  for (const { name: stream } of streams) rows.push(...(await ofStream(jsm, stream, advisories)));
  const present = new Set(rows.map(({ consumer }) => consumer));
  const missing = declared.map(durableName).filter((name) => !present.has(name));
  return {
    data: { consumers: rows, missing },
    lines: [
      ...table(
        [
          'consumer',
          'stream',
          'pending',
          'ack pending',
          'redelivered',
          'pulls',
          'last delivered',
          'gave up',
          'terminated',
          'problems',
        ],
        rows.map((row) => [
          row.consumer,
          row.stream,
          row.pending,
          row.ackPending,
          row.redelivered,
          row.pulls,
          row.lastDelivered && ago(row.lastDelivered),
          row.gaveUp,
          row.terminated,
          row.problems.join('; '),
        ]),
      ),
      ...missing.map((name) => `missing: ${name}; its service creates no streams: start the system, or run provision`),
    ],
    ok: missing.length === 0 && rows.every(({ problems }) => problems.length === 0),
  };
}

async function ofStream(jsm: JetStreamManager, stream: string, advisories: Advisories): Promise<ConsumerRow[]> {
  const rows: ConsumerRow[] = [];
  for await (const info of jsm.consumers.list(stream)) rows.push(rowOf(info, advisories));
  return rows.sort((a, b) => (a.consumer < b.consumer ? -1 : 1));
}

function rowOf(info: ConsumerInfo, advisories: Advisories): ConsumerRow {
  const { name, stream_name: stream, num_pending, num_ack_pending, num_redelivered, num_waiting, delivered } = info;
  const pausedUntil = info.paused && info.config.pause_until ? new Date(info.config.pause_until) : undefined;
  const isDeclared = declared.some((consumer) => durableName(consumer) === name);
  const gaveUp = advisories.get(`MAX_DELIVERIES.${stream}.${name}`) ?? 0;
  return {
    stream,
    consumer: name,
    pending: num_pending,
    ackPending: num_ack_pending,
    redelivered: num_redelivered,
    pulls: num_waiting,
    ...(delivered.last_active && { lastDelivered: new Date(delivered.last_active) }),
    ...(pausedUntil && { pausedUntil }),
    gaveUp,
    terminated: advisories.get(`MSG_TERMINATED.${stream}.${name}`) ?? 0,
    problems: [
      ...(isDeclared ? [] : ['no service declares it']),
      ...(pausedUntil ? [`paused until ${pausedUntil.toISOString()}`] : []),
      ...(isDeclared && num_waiting === 0 && num_ack_pending === 0 ? ['nobody pulls'] : []),
      ...(gaveUp > 0 ? ['the broker gave up messages: look for them in its stream'] : []),
    ],
  };
}

type Advisories = ReadonlyMap<string, number>;

/** By `<kind>.<stream>.<consumer>`. The broker counts: one request, whatever their number. */
async function countAdvisories(jsm: JetStreamManager): Promise<Advisories> {
  const { state } = await jsm.streams.info('ADVISORY', { subjects_filter: '>' });
  return new Map(
    Object.entries(state.subjects ?? {}).map(([subject, count]) => [
      subject.slice('$JS.EVENT.ADVISORY.CONSUMER.'.length),
      count,
    ]),
  );
}
