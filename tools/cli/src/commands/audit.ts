import { operator, services } from '@causeway/system';
import type { Command } from 'commander';
import { readAudit, type AuditEntry, type AuditFilter } from '../audit.js';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { WrongUsage } from '../failure.js';
import { count } from '../output/count.js';
import { durationMs } from '../output/duration.js';
import { oneLine, table } from '../output/table.js';
import { readSecurityEvents, type StoredSecurityEvent } from '../security-events.js';

interface AuditOptions {
  readonly type?: string;
  readonly subject?: string;
  readonly service?: string;
  readonly since?: number;
  readonly limit: number;
}

/** `from`: `operator` for the audit trail, or the service whose event it is. */
type AuditLine = ({ readonly from: typeof operator } & AuditEntry) | ({ readonly from: string } & StoredSecurityEvent);

interface AuditSource {
  readonly from: string;
  readonly lines: readonly AuditLine[];
  /** Why it could not be read. */
  readonly unreadable?: string;
}

/** `causeway audit`: who changed what, who signed in, who was refused. */
export function addAudit(program: Command, run: RunCommand): void {
  program
    .command('audit')
    .description('what operators changed and the security events of all services, oldest first')
    .option('--type <type>', '`sign-in.failed`, or `sign-in` for all that begin with it')
    .option('--subject <id>', 'a user, client, order or key: what was done to it or by it')
    .option('--service <name>', `the events of one service; \`${operator}\` for what operators changed`)
    .option('--since <duration>', 'of the last 30m, 2h, 7d …', durationMs)
    .option('--limit <count>', 'the latest ones, at most so many', count, 50)
    .addHelpText('after', example('audit --limit 10', 'audit --type sign-in --since 2h', `audit --service ${operator}`))
    .action((options: AuditOptions, command: Command) => run(command, (context) => audit(context, options)));
}

async function audit(context: CommandContext, options: AuditOptions): Promise<CommandReport> {
  const { since, ...wanted } = options;
  const filter = { ...wanted, since: since === undefined ? undefined : new Date(Date.now() - since) };
  const sources = await Promise.all(sourcesOf(context, options).map((from) => read(context, from, filter)));
  const lines = sources
    .flatMap((source) => source.lines)
    .sort((a, b) => a.at.localeCompare(b.at))
    .slice(-options.limit);
  const unreadable = sources.filter((source) => source.unreadable !== undefined);
  return {
    data: lines,
    lines: [
      ...(lines.length > 0 ? shown(lines) : ['nothing of this kind is recorded']),
      ...unreadable.map(({ from, unreadable: why }) => `${from} could not be read: ${why}`),
    ],
    ok: unreadable.length === 0,
  };
}

function sourcesOf({ target: { examples = [] } }: CommandContext, { service }: AuditOptions): string[] {
  const known = services.filter(({ database }) => database).map(({ name }) => name);
  const all = [...new Set<string>([operator, ...known, ...examples.map(({ name }) => name)])];
  if (service === undefined) return all;
  if (!all.includes(service)) throw new WrongUsage(`"${service}" records nothing; write one of ${all.join(', ')}`);
  return [service];
}

async function read({ target }: CommandContext, from: string, filter: AuditFilter): Promise<AuditSource> {
  try {
    if (from === operator) {
      const entries = await readAudit(await target.nats(), filter);
      return { from, lines: entries.map((entry) => ({ from: operator, ...entry })) };
    }
    const database = await target.databaseUrl(from);
    const events = database === undefined ? [] : await readSecurityEvents(database, filter);
    return { from, lines: events.map((event) => ({ from, ...event })) };
  } catch (error) {
    return { from, lines: [], unreadable: error instanceof Error ? error.message : String(error) };
  }
}

const shown = (lines: readonly AuditLine[]): string[] =>
  table(
    ['at', 'from', 'what', 'outcome', 'who', 'subject', 'network', 'reason', 'details'],
    lines.map((line) => {
      const details = Object.keys(line.details).length > 0 ? oneLine(JSON.stringify(line.details), 100) : undefined;
      if ('action' in line) {
        const { at, from, action, phase, who, reason } = line;
        return [at, from, action, phase, who, undefined, undefined, reason, details];
      }
      const { at, from, type, outcome, actor, subject, network } = line;
      return [at, from, type, outcome, actor, subject, network, undefined, details];
    }),
  );
