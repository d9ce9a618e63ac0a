import { isSpanContextValid, trace } from '@opentelemetry/api';
import type { z } from 'zod';
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { lineWriter, turnWriter } from './line-writer.js';
import type { LogFields, logLevels, logLine } from './log-schema.js';
import { redact, scrub } from './redact.js';
import { isError } from './tracing.js';

type LogLevel = (typeof logLevels)[number];

/** Refuses fields that are not in the schema, also in an object that was made elsewhere. */
type Known<T> = { readonly [Name in keyof T]: Name extends keyof LogFields ? LogFields[Name] : never };

/** A message, or fields of `log-schema.ts` and a message. Whatever varies belongs into a field: searches group by `msg`. */
interface WriteLine {
  (message: string): void;
  <T extends LogFields>(fields: T & Known<T>, message: string): void;
}

/** pino's logger with the fields of the schema, and no others: what Elasticsearch would reject does not compile. */
export interface Logger extends Pick<PinoLogger, 'level' | 'isLevelEnabled'>, Readonly<Record<LogLevel, WriteLine>> {
  child(bindings: { readonly scope: string }): Logger;
}

export interface LoggerOptions {
  readonly service: string;
  /** trace, debug, info, warn, error, fatal or silent. */
  readonly level: string;
  readonly instanceId: string;
  /** Where lines go. Default: standard output, see {@link turnWriter}. */
  readonly destination?: DestinationStream;
}

let root: Logger = pino({ level: 'silent' }) as Logger;
let generation = 0;

/**
 * Creates the process's logger: JSON lines with `level` as a word, `time` as RFC 3339, `service`, `instance`, and `trace_id`/`span_id` of the
 * active span. Values under names of secrets and personal data are replaced, and so is what looks like one in any text.
 * From then on every logger of {@link getLogger} writes through it.
 */
export function createLogger({
  service,
  level,
  instanceId,
  destination = turnWriter(
    lineWriter({
      onRecovery: (lost) => root.warn({ lost }, 'log lines were lost: standard output could not be written'),
    }),
  ),
}: LoggerOptions): Logger {
  root = pino(
    {
      level,
      base: { service, instance: instanceId },
      timestamp,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields),
      },
      serializers: { err: (error: unknown) => describeError(error) },
      mixin: activeSpan,
      hooks: { streamWrite: scrub },
    },
    destination,
  ) as Logger;
  generation += 1;
  return root;
}

/** The level of the process's loggers. */
export const logLevel = (): string => root.level;

/** Changes the level of the process's loggers, those of {@link getLogger} included. */
export function setLogLevel(level: string): void {
  root.level = level;
  // A child keeps the level that its parent had, so each gets a new one.
  generation += 1;
}

let stampedAt = 0;
let stamp = '';

/** Lines of one millisecond share their time: formatting a date takes as long as a tenth of the line. */
function timestamp(): string {
  const now = Date.now();
  if (now !== stampedAt) {
    stampedAt = now;
    stamp = `,"time":"${new Date(now).toISOString()}"`;
  }
  return stamp;
}

/** Bounds a chain of causes, which may be a cycle. */
const maxCauses = 8;

/**
 * Keeps only what a reader needs of an error. Libraries attach whole objects to their errors, `pg` for example its client
 * with connection parameters and every prepared statement. pino's own serializer would write all of that into the line.
 */
function describeError(error: unknown, depth = 0): NonNullable<z.input<typeof logLine>['err']> {
  if (!isError(error)) return { type: typeof error, message: describeValue(error) };
  const { code, cause, stack, message } = error as Error & { code?: unknown };
  return {
    type: error.constructor.name,
    message,
    ...(stack !== undefined && { stack }),
    ...((typeof code === 'string' || typeof code === 'number') && { code: String(code) }),
    ...(cause !== undefined && depth < maxCauses && { cause: describeError(cause, depth + 1) }),
  };
}

/** What was thrown, or is a cause, may be anything; of an object only its kind is logged. */
function describeValue(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
  return typeof value === 'function' ? 'function' : String(value);
}

function activeSpan(): object {
  const spanContext = trace.getActiveSpan()?.spanContext();
  if (!spanContext || !isSpanContextValid(spanContext)) return {};
  return { trace_id: spanContext.traceId, span_id: spanContext.spanId };
}

/**
 * Returns a child of the process's logger with `scope` in every line. May be called at import time: it is silent until
 * {@link createLogger} is called, and follows it from then on.
 */
export function getLogger(scope: string): Logger {
  let child = root.child({ scope });
  let childOf = generation;
  return new Proxy(child, {
    get(_target, property) {
      if (childOf !== generation) {
        child = root.child({ scope });
        childOf = generation;
      }
      const value: unknown = Reflect.get(child, property, child);
      return typeof value === 'function' ? value.bind(child) : value;
    },
    set: (_target, property, value) => Reflect.set(child, property, value, child),
  });
}
