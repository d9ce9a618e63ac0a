import type { ServiceName } from '@causeway/system';
import type { Command } from 'commander';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { CommandFailed, WrongUsage } from '../failure.js';
import { oneLine, table } from '../output/table.js';
import { messageParts, type ReadFrom } from '../story/message-parts.js';
import { findOrder, orderPart, orderPast } from '../story/order-part.js';
import { paymentPart } from '../story/payment-part.js';
import { providerPart } from '../story/provider-part.js';
import type { StoryPart } from '../story/story.js';
import { readDatabase, type Query } from '../target/read-database.js';
import { readSelected } from '../dead-letters/letter-filter.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const minute = 60_000;

/** `causeway order`: the whole story of one order. */
export function addOrder(program: Command, run: RunCommand): void {
  program
    .command('order')
    .description('the whole story of an order: saga, payment, provider, messages, in one timeline')
    .argument('<id>', 'of the order, or of its payment')
    .addHelpText('after', example('order 01a21f0a-8689-738d-8b8e-d9ae7b958a49'))
    .action((id: string, _options: unknown, command: Command) => run(command, (context) => order(context, id)));
}

async function order(context: CommandContext, id: string): Promise<CommandReport> {
  if (!uuid.test(id)) throw new WrongUsage(`"${id}" is not the id of an order`);
  const found = await from(context, 'order', (query) => findOrder(query, id));
  if (!found) return { data: null, lines: [`there is no order ${id}, and no payment`], ok: false };
  const { id: orderId, payment_id: paymentId } = found;
  const aggregates = [orderId, paymentId];
  // A message waits in the outbox for seconds, and in an outage for as long as that lasts: those are still pending.
  const period = { from: new Date(found.placed_at.getTime() - minute), to: new Date(Date.now() + minute) };
  const readOther: ReadFrom = async (service, read) =>
    (await context.target.databaseUrl(service)) === undefined ? undefined : from(context, service, read);
  const [past, payment, provider, messages, letters] = await Promise.all([
    from(context, 'order', (query) => orderPast(query, orderId)),
    from(context, 'payment', (query) => paymentPart(query, paymentId)),
    from(context, 'psp-sandbox', (query) => providerPart(query, paymentId)),
    messageParts(readOther, { aggregates, ...period }),
    deadLetters(context, aggregates),
  ]);
  return report([orderPart(found, past), payment, provider, ...messages, letters]);
}

/** @throws CommandFailed when the part cannot be read: a story with a hole in it would lead astray */
async function from<T>(
  { target }: CommandContext,
  service: ServiceName,
  read: (query: Query) => Promise<T>,
): Promise<T> {
  const url = await target.databaseUrl(service);
  if (url === undefined) throw new CommandFailed(`the database of ${service} is not known here`);
  return readDatabase(url, read);
}

async function deadLetters({ target }: CommandContext, ids: readonly string[]): Promise<StoryPart> {
  const found = new Map<number, StoryPart['events'][number]>();
  const nc = await target.nats();
  for (const about of ids)
    for await (const { sequence, at, consumer, code, reason, traceparent } of readSelected(nc, { about }))
      found.set(sequence, {
        at,
        by: consumer.split('__')[0] ?? consumer,
        what: `DEAD LETTER ${sequence} of ${consumer}: ${code}, ${oneLine(reason)}`,
        traceId: traceparent?.split('-')[1],
      });
  return {
    events: [...found.values()],
    now: [],
    open: [...found.keys()].map((sequence) => `dead letter ${sequence}: npx causeway dlq show ${sequence}`),
  };
}

function report(parts: readonly StoryPart[]): CommandReport {
  const events = parts.flatMap((part) => part.events).sort((a, b) => a.at.getTime() - b.at.getTime());
  const now = parts.flatMap((part) => part.now);
  const open = parts.flatMap((part) => part.open);
  const traces = [...new Set(events.flatMap(({ traceId }) => traceId ?? []))];
  const begun = events[0]?.at.getTime() ?? 0;
  return {
    data: { now, open, traces, events },
    lines: [
      ...now,
      ...(open.length > 0 ? ['', 'open:', ...open.map((line) => `  ${line}`)] : []),
      '',
      ...table(
        ['at', 'after ms', 'who', 'what'],
        events.map(({ at, by, what }) => [at.toISOString(), at.getTime() - begun, by, what]),
      ),
      '',
      ...traces.map((traceId) => `npx causeway trace ${traceId}`),
    ],
  };
}
