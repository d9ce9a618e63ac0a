import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { CommandFailed } from '../failure.js';
import { lineOf, logLevels, type LogLevelName, type ServiceLogLine } from '../logs.js';
import { count } from '../output/count.js';
import { durationMs } from '../output/duration.js';
import { oneLine } from '../output/table.js';
import type { LogSource } from '../target/target.js';
import { traceId } from '../trace-id.js';

interface LogOptions {
  readonly service?: string;
  readonly level: LogLevelName;
  readonly trace?: string;
  readonly since?: number;
  readonly grep?: string;
  readonly limit: number;
  readonly follow?: boolean;
}

/** `causeway logs`: the lines of all services, in the order of time. */
export function addLogs(program: Command, run: RunCommand): void {
  program
    .command('logs')
    .description('log lines of all instances in the order of time; with --json the lines themselves')
    .option('--service <name>', 'of this service, or of this instance')
    .addOption(new Option('--level <level>', 'of this level or a higher one').choices(logLevels).default('info'))
    .option('--trace <id>', 'of this trace: its id, or a traceparent', traceId)
    .option('--since <duration>', 'of the last 30s, 10m, 2h …', durationMs)
    .option('--grep <text>', 'that contain this text')
    .option('--limit <count>', 'the latest lines, at most so many', count, 200)
    .option('--follow', 'and what comes, until Ctrl-C')
    .addHelpText('after', example('logs --level warn --since 10m', 'logs --service payment --follow'))
    .action((options: LogOptions, command: Command) => run(command, (context) => logs(context, options)));
}

async function logs(context: CommandContext, options: LogOptions): Promise<CommandReport | undefined> {
  const { target, json, print } = context;
  const { service } = options;
  const sources = (await target.logs()).filter(
    (source) => service === undefined || source.service === service || source.instance === service,
  );
  if (service !== undefined && sources.length === 0) {
    const known = [...new Set((await target.logs()).flatMap((source) => [source.service, source.instance]))];
    throw new CommandFailed(`there is no log of ${service}`, `There are logs of ${known.join(', ')}.`);
  }
  const show = (line: ServiceLogLine): void => print(json ? line.text : readable(line));
  const latest = await collect(context, sources, options);
  latest.forEach(show);
  if (options.follow) await follow(context, sources, options, latest.at(-1)?.time ?? '', show);
  else if (latest.length === 0 && !json) print('no lines match');
  return undefined;
}

async function collect(
  { signal }: CommandContext,
  sources: readonly LogSource[],
  options: LogOptions,
): Promise<ServiceLogLine[]> {
  const found: ServiceLogLine[] = [];
  const wanted = matcher(options);
  for (const source of sources) {
    let own: ServiceLogLine[] = [];
    for await (const text of source.lines({ follow: false, signal })) {
      const line = wanted(text, source);
      if (line) own.push(line);
      // A log may be larger than memory.
      if (own.length > 2 * options.limit) own = own.slice(-options.limit);
    }
    found.push(...own.slice(-options.limit));
  }
  return found.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).slice(-options.limit);
}

/** Shows what is newer than `after`. Lines of several logs come within half a second of each other, in any order. */
async function follow(
  { signal }: CommandContext,
  sources: readonly LogSource[],
  options: LogOptions,
  after: string,
  show: (line: ServiceLogLine) => void,
): Promise<void> {
  const wanted = matcher(options);
  await Promise.all(
    sources.map(async (source) => {
      for await (const text of source.lines({ follow: true, signal })) {
        const line = wanted(text, source);
        if (line && line.time > after) show(line);
      }
    }),
  );
  await sleep(0);
}

/** Cheap conditions first: most lines are not parsed. */
function matcher({ level, trace, since, grep }: LogOptions) {
  const least = logLevels.indexOf(level);
  const from = since === undefined ? '' : new Date(Date.now() - since).toISOString();
  return (text: string, source: LogSource): ServiceLogLine | undefined => {
    if (trace !== undefined && !text.includes(trace)) return undefined;
    if (grep !== undefined && !text.includes(grep)) return undefined;
    const line = lineOf(text, source);
    if (!line || logLevels.indexOf(line.level) < least || line.time < from) return undefined;
    return trace === undefined || line.traceId === trace ? line : undefined;
  };
}

/** Fields that the line shows in another way, or that only a machine needs. */
const hidden = new Set(['pid', 'hostname', 'remedy', 'err', 'error']);

function readable({ time, level, instance, scope = '', message, fields, traceId }: ServiceLogLine): string {
  const error = (fields['err'] ?? fields['error']) as { message?: string } | string | undefined;
  const parts = [
    message,
    ...Object.entries(fields)
      .filter(([name, value]) => !hidden.has(name) && value !== undefined && value !== null)
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
    ...(error === undefined ? [] : [`error=${typeof error === 'string' ? error : error.message}`]),
    ...(fields['remedy'] === undefined ? [] : [`→ ${String(fields['remedy'])}`]),
    ...(traceId === undefined ? [] : [`trace=${traceId}`]),
  ];
  const head = [time.slice(11, 23), level.padEnd(5), instance.padEnd(13), scope.padEnd(11)].join(' ');
  return `${head} ${oneLine(parts.join(' '), 2_000)}`;
}
