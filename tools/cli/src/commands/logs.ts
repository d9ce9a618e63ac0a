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
  const { latest, read } = await collect(context, sources, options);
  latest.forEach(show);
  if (options.follow) await follow(context, sources, options, read, show);
  else if (latest.length === 0 && !json) print('no lines match');
  return undefined;
}

/** How far a log was read. */
interface LogPosition {
  readonly lines: number;
  /** Of the last line. */
  readonly time: string;
}

async function collect(
  { signal }: CommandContext,
  sources: readonly LogSource[],
  options: LogOptions,
): Promise<{ readonly latest: ServiceLogLine[]; readonly read: ReadonlyMap<LogSource, LogPosition> }> {
  const found: ServiceLogLine[] = [];
  const read = new Map<LogSource, LogPosition>();
  const wanted = matcher(options);
  for (const source of sources) {
    let own: ServiceLogLine[] = [];
    let [lines, complete, last] = [0, 0, ''];
    for await (const text of source.lines({ follow: false, signal })) {
      lines += 1;
      // The end of the log may be the beginning of a line that is being written.
      if (text.endsWith('}')) [complete, last] = [lines, text];
      const line = wanted(text, source);
      if (line) own.push(line);
      // A log may be larger than memory.
      if (own.length > 2 * options.limit) own = own.slice(-options.limit);
    }
    found.push(...own.slice(-options.limit));
    read.set(source, { lines: complete, time: lineOf(last, source)?.time ?? '' });
  }
  const latest = found.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).slice(-options.limit);
  return { latest, read };
}

/**
 * Shows what comes after what was read. A position in the log says so, not a time: several lines have the same
 * millisecond. Lines of several logs come within half a second of each other, in any order.
 */
async function follow(
  { signal }: CommandContext,
  sources: readonly LogSource[],
  options: LogOptions,
  read: ReadonlyMap<LogSource, LogPosition>,
  show: (line: ServiceLogLine) => void,
): Promise<void> {
  const wanted = matcher(options);
  await Promise.all(
    sources.map(async (source) => {
      const { lines, time } = read.get(source) ?? { lines: 0, time: '' };
      let before = lines;
      for await (const text of source.lines({ follow: true, signal })) {
        before -= 1;
        const line = wanted(text, source);
        // A log that was rotated meanwhile has fewer old lines than were read.
        if (line && (before < 0 || line.time > time)) show(line);
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
