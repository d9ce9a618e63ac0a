import { services } from '@causeway/system';
import { Option, type Command } from 'commander';
import { audited } from '../audit.js';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { CommandFailed, WrongUsage } from '../failure.js';
import { logLevels } from '../logs.js';
import { duration, durationMs } from '../output/duration.js';
import { table } from '../output/table.js';
import { callManagement } from '../target/management.js';
import type { KnownInstance } from '../target/target.js';

interface LevelChange {
  readonly instance: string;
  readonly logLevel?: string;
  readonly until?: string;
  readonly error?: string;
}

/** What a service takes for a change that ends by itself, milliseconds. */
const range = { least: 1_000, most: 86_400_000 };

/** `causeway log-level`: more, or less, in the log of a service that keeps running. */
export function addLogLevel(program: Command, run: RunCommand): void {
  const names = services.map(({ name }) => name);
  program
    .command('log-level')
    .description('change the log level of a running service, on all of its instances')
    // The shell completes the names of the list; an example that runs has another one.
    .addArgument(program.createArgument('<service>', 'or an example that runs').choices(names).argParser(String))
    .addArgument(program.createArgument('<level>').choices([...logLevels]))
    .option('--for <duration>', 'until it is what it was: 30s, 10m, 2h; at most 24h', durationMs, 600_000)
    .addOption(new Option('--until-restart', 'until the process restarts').conflicts('for'))
    .option('--reason <text>', 'why, for the audit trail')
    .addHelpText('after', example('log-level payment debug --for 10m --reason "slow refunds"'))
    .action((service: string, level: string, options: LevelOptions, command: Command) =>
      run(command, (context) => changeLevel(context, service, level, options)),
    );
}

interface LevelOptions {
  readonly for: number;
  readonly untilRestart?: boolean;
  readonly reason?: string;
}

async function changeLevel(
  { target, who: whoActs }: CommandContext,
  service: string,
  level: string,
  { for: forMs, untilRestart, reason }: LevelOptions,
): Promise<CommandReport> {
  if (!untilRestart && (forMs < range.least || forMs > range.most)) throw new WrongUsage('--for is 1s to 24h');
  const instances = (await target.instances(service)).filter((instance) => instance.service === service);
  const known = [...services, ...(target.examples ?? [])].map(({ name }) => name as string);
  if (!known.includes(service)) throw new WrongUsage(`there is no service ${service}; there are ${known.join(', ')}`);
  if (instances.length === 0) throw new CommandFailed(`no instance of ${service} runs`);
  const forSeconds = untilRestart ? undefined : Math.round(forMs / 1_000);
  const who = whoActs();
  const details = { service, level, forSeconds, instances: instances.map(({ id }) => id) };
  const { changed } = await audited(await target.nats(), { who, action: 'log-level', reason, details }, async () => {
    const results = await Promise.all(instances.map((instance) => changeOne(instance, { level, forSeconds, who })));
    // What no instance did is not done: the trail says that it failed.
    if (results.every(({ error }) => error !== undefined))
      throw new CommandFailed(results.map(({ instance, error }) => `${instance}: ${error}`).join('; '));
    return { changed: results };
  });
  const failed = changed.filter(({ error }) => error !== undefined);
  return {
    data: changed,
    lines: [
      ...table(
        ['instance', 'level', 'problem'],
        changed.map(({ instance, logLevel, error }) => [instance, logLevel, error]),
      ),
      ...(forSeconds !== undefined && failed.length < changed.length
        ? [`for ${duration(forSeconds * 1_000)}; then it is what it was`]
        : []),
    ],
    ok: failed.length === 0,
  };
}

async function changeOne(instance: KnownInstance, change: object): Promise<LevelChange> {
  const { id } = instance;
  try {
    const { status, body } = await callManagement(instance, '/governance/log-level', { method: 'PUT', body: change });
    if (status !== 200)
      return { instance: id, error: `${status} ${(body as { detail?: string }).detail ?? ''}`.trim() };
    const { logLevel, logLevelUntil } = body as { logLevel: string; logLevelUntil?: string };
    return { instance: id, logLevel, until: logLevelUntil };
  } catch (error) {
    return { instance: id, error: `no response from ${instance.managementUrl}: ${(error as Error).message}` };
  }
}
