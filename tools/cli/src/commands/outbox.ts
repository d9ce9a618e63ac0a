import { services } from '@causeway/system';
import type { Command } from 'commander';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { lineOf } from '../logs.js';
import { ago } from '../output/duration.js';
import { oneLine, table } from '../output/table.js';
import { readDatabase } from '../target/read-database.js';

/** Services that have an outbox: a database, and an account of the broker. */
const owners = services.filter(({ database, nats }) => database && nats).map(({ name }) => name);

interface UnsentMessages {
  readonly subject: string;
  readonly unsent: number;
  readonly oldest: Date;
}

interface OutboxOf {
  readonly service: string;
  readonly subjects: readonly UnsentMessages[];
  /** Why publishing failed last, from the log of an instance; looked for only while something is unsent. */
  readonly lastError?: string;
  /** Why the outbox could not be read. */
  readonly unreadable?: string;
}

/** `causeway outbox`: messages that are decided on, but not on the broker yet. */
export function addOutbox(program: Command, run: RunCommand): void {
  program
    .command('outbox')
    .description('messages that services have not published yet')
    .addHelpText('after', example('outbox'))
    .action((_options: unknown, command: Command) => run(command, outbox));
}

async function outbox(context: CommandContext): Promise<CommandReport> {
  const { examples = [] } = context.target;
  const names = new Set<string>([...owners, ...examples.map(({ name }) => name)]);
  const found = await Promise.all([...names].map((service) => read(context, service)));
  return {
    data: found,
    lines: table(
      ['service', 'unsent', 'oldest', 'subject', 'last error'],
      found.flatMap(({ service, subjects, lastError, unreadable }) => {
        if (unreadable !== undefined) return [[service, undefined, undefined, undefined, unreadable]];
        if (subjects.length === 0) return [[service, 0]];
        return subjects.map(({ subject, unsent, oldest }) => [service, unsent, ago(oldest), subject, lastError]);
      }),
    ),
    ok: found.every(({ unreadable }) => unreadable === undefined),
  };
}

async function read(context: CommandContext, service: string): Promise<OutboxOf> {
  try {
    const url = (await context.target.databaseUrl(service)) ?? '';
    const subjects = await readDatabase(url, (query) =>
      query<UnsentMessages & Record<string, unknown>>(
        `SELECT subject, count(*)::int AS unsent, min(created_at) AS oldest
           FROM causeway.outbox WHERE status = 'pending' GROUP BY subject ORDER BY oldest`,
      ),
    );
    return { service, subjects, lastError: subjects.length > 0 ? await lastError(context, service) : undefined };
  } catch (error) {
    return { service, subjects: [], unreadable: error instanceof Error ? error.message : String(error) };
  }
}

async function lastError({ target, signal }: CommandContext, service: string): Promise<string | undefined> {
  let last: { time: string; text: string } | undefined;
  for (const source of await target.logs()) {
    if (source.service !== service) continue;
    for await (const text of source.lines({ follow: false, signal })) {
      // Most lines are of other scopes: parsing them all would take a second for each 100 MB.
      if (!text.includes('"scope":"outbox"')) continue;
      const line = lineOf(text, source);
      if (!line || !['warn', 'error'].includes(line.level) || (last && last.time > line.time)) continue;
      last = { time: line.time, text: [line.message, line.fields['reason']].filter(Boolean).join(': ') };
    }
  }
  return last && oneLine(`${last.text} (${ago(new Date(last.time))})`, 200);
}
