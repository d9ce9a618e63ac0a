import { services } from '@causeway/system';
import { Option, type Command } from 'commander';
import { audited } from '../audit.js';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { CommandFailed } from '../failure.js';
import { table } from '../output/table.js';
import { callService } from '../target/management.js';

/** `GET /governance/field-keys` of a service. */
interface FieldKeyReport {
  readonly current: string;
  readonly columns: readonly { readonly column: string; readonly versions: Readonly<Record<string, number>> }[];
  readonly outdated: number;
  readonly run?: {
    readonly state: 'running' | 'done' | 'failed';
    readonly rotated: number;
    readonly skipped: number;
    readonly failed: number;
  };
}

interface RotateOptions {
  readonly service?: string;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

/** Those that encrypt fields. */
const holders = services.filter(({ secrets = {} }) => 'FIELD_KEYS' in secrets).map(({ name }) => name as string);
const path = '/governance/field-keys';
/** Counting reads every row. */
const timeoutMs = 60_000;

/** `causeway crypto`: the keys of what services store encrypted. */
export function addCrypto(program: Command, run: RunCommand): void {
  const crypto = program.command('crypto').description('keys of what services store encrypted');
  crypto
    .command('rotate')
    .description(
      'encrypt everything with the newest field key, while the services run, and say which keys are still needed',
    )
    .addOption(new Option('--service <name>', 'only this one').choices(holders))
    .option('--dry-run', 'only count')
    .option('--reason <text>', 'why, for the audit trail')
    .addHelpText('after', example('crypto rotate --dry-run', 'crypto rotate --service user --reason "yearly"'))
    .action((options: RotateOptions, command: Command) => run(command, (context) => rotate(context, options)));
}

async function rotate(context: CommandContext, { service, dryRun, reason }: RotateOptions): Promise<CommandReport> {
  const names = service === undefined ? holders : [service];
  if (dryRun) return reportOf(await Promise.all(names.map((name) => statusOf(context, name))), names);
  const who = context.who();
  const action = { who, action: 'crypto.rotate', reason, details: { services: names } };
  const { reports } = await audited(await context.target.nats(), action, async () => {
    const done: FieldKeyReport[] = [];
    for (const name of names) done.push(await rotateService(context, name, who));
    return { reports: done };
  });
  return reportOf(reports, names);
}

const statusOf = ({ target }: CommandContext, name: string): Promise<FieldKeyReport> =>
  callService<FieldKeyReport>(target, name, path, { timeoutMs });

/** Starts a run in one instance, and waits until it ends. */
async function rotateService(context: CommandContext, name: string, who: string): Promise<FieldKeyReport> {
  await callService(context.target, name, `${path}/rotate`, { method: 'POST', body: { who } });
  for (;;) {
    const status = await statusOf(context, name);
    if (status.run?.state === 'done') return status;
    if (status.run?.state !== 'running')
      throw new CommandFailed(
        `${name} stopped: ${status.outdated} values still need an older key`,
        'What is done is done; look at its log, then run it again.',
      );
    context.note(`${name}: ${status.outdated} values to go`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    context.signal.throwIfAborted();
  }
}

function reportOf(reports: readonly FieldKeyReport[], names: readonly string[]): CommandReport {
  const rows = reports.flatMap(({ current, columns }, at) =>
    columns.map(({ column, versions }) => {
      const older = Object.entries(versions).filter(([version]) => version !== current);
      const text = older.map(([version, count]) => `${count} of ${version}`).join(', ');
      return [names[at], column, versions[current] ?? 0, text];
    }),
  );
  const failed = reports.reduce((sum, { run }) => sum + (run?.failed ?? 0), 0);
  const outdated = reports.reduce((sum, report) => sum + report.outdated, 0);
  return {
    data: reports.map((report, at) => ({ service: names[at], ...report })),
    lines: [
      ...table(['service', 'column', 'newest key', 'older keys'], rows),
      '',
      outdated === 0
        ? 'Nothing needs an older key: it may be taken out of FIELD_KEYS (docs/guides/data-protection.md).'
        : `${outdated} values need an older key: keep it in FIELD_KEYS, and run this again.`,
      ...(failed > 0 ? [`${failed} rows cannot be decrypted; the log of the service names them.`] : []),
    ],
    ok: failed === 0 && outdated === 0,
  };
}
