import type { Command } from 'commander';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { CommandFailed } from '../failure.js';
import { count } from '../output/count.js';
import { ago, durationMs } from '../output/duration.js';
import { table } from '../output/table.js';
import { openSagas } from '../story/open-sagas.js';
import { readDatabase } from '../target/read-database.js';

interface OrdersOptions {
  readonly waiting: number;
  readonly limit: number;
}

/** `causeway orders`: which orders are affected by whatever is wrong. */
export function addOrders(program: Command, run: RunCommand): void {
  program
    .command('orders')
    .description('orders that wait for an outcome of their payment, the longest wait first')
    .option('--waiting <duration>', 'for at least so long', durationMs, 0)
    .option('--limit <count>', 'at most so many', count, 50)
    .addHelpText('after', example('orders --waiting 30s'))
    .action((options: OrdersOptions, command: Command) => run(command, (context) => orders(context, options)));
}

async function orders({ target }: CommandContext, { waiting, limit }: OrdersOptions): Promise<CommandReport> {
  const url = await target.databaseUrl('order');
  if (url === undefined) throw new CommandFailed('the database of order is not known here');
  const sagas = await readDatabase(url, (query) => openSagas(query, waiting, limit));
  if (sagas.length === 0) return { data: [], lines: ['no order waits'] };
  return {
    data: sagas,
    lines: table(
      ['order', 'payment', 'status', 'waits for', 'since', 'asked again'],
      sagas.map(({ id, payment_id, status, step, since, attempts }) => [
        id,
        payment_id,
        status,
        step,
        ago(since),
        attempts,
      ]),
    ),
  };
}
