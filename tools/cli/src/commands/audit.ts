import type { Command } from 'commander';
import { readAudit } from '../audit.js';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { oneLine, table } from '../output/table.js';
import { count } from '../output/count.js';

/** `causeway audit`: who changed what. */
export function addAudit(program: Command, run: RunCommand): void {
  program
    .command('audit')
    .description('what operators have changed, oldest first')
    .option('--limit <count>', 'the latest entries; an action has two, its beginning and its end', count, 50)
    .addHelpText('after', example('audit --limit 10'))
    .action(({ limit }: { limit: number }, command: Command) => run(command, (context) => audit(context, limit)));
}

async function audit({ target }: CommandContext, limit: number): Promise<CommandReport> {
  const entries = await readAudit(await target.nats(), limit);
  if (entries.length === 0) return { data: [], lines: ['nothing was changed through npx causeway yet'] };
  return {
    data: entries,
    lines: table(
      ['at', 'who', 'action', 'phase', 'reason', 'details'],
      entries.map(({ at, who, action, phase, reason, details }) => [
        at,
        who,
        action,
        phase,
        reason,
        oneLine(JSON.stringify(details), 100),
      ]),
    ),
  };
}
