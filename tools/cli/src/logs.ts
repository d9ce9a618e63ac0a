import type { LogSource } from './target/target.js';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevelName = (typeof logLevels)[number];

/** One line of a service's log, as `libs/telemetry` writes it. */
export interface ServiceLogLine {
  /** RFC 3339. */
  readonly time: string;
  readonly level: LogLevelName;
  readonly service: string;
  readonly instance: string;
  readonly scope?: string;
  readonly message: string;
  readonly traceId?: string;
  /** Everything else. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The line itself. */
  readonly text: string;
}

/** @returns undefined for what is not a log line: the warning of a runtime, or a line that a kill has cut off */
export function lineOf(text: string, source: Pick<LogSource, 'service' | 'instance'>): ServiceLogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const { time, level, service, instance, scope, msg, trace_id, span_id, ...fields } = JSON.parse(text) as Record<
      string,
      unknown
    >;
    if (typeof time !== 'string' || !logLevels.includes(level as LogLevelName)) return undefined;
    void span_id;
    return {
      time,
      level: level as LogLevelName,
      service: typeof service === 'string' ? service : source.service,
      instance: typeof instance === 'string' ? instance : source.instance,
      ...(typeof scope === 'string' && { scope }),
      message: typeof msg === 'string' ? msg : '',
      ...(typeof trace_id === 'string' && { traceId: trace_id }),
      fields,
      text,
    };
  } catch {
    return undefined;
  }
}
