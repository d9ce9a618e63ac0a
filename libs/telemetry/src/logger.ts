import { isSpanContextValid, trace } from '@opentelemetry/api';
import { pino, type DestinationStream, type Logger } from 'pino';
import { lineWriter, turnWriter } from './line-writer.js';
import { redact } from './redact.js';
import { isError } from './tracing.js';

export interface LoggerOptions {
  readonly service: string;
  /** trace, debug, info, warn, error, fatal or silent. */
  readonly level: string;
  readonly instanceId: string;
  /** Where lines go. Default: standard output, see {@link turnWriter}. */
  readonly destination?: DestinationStream;
}

let root: Logger = pino({ level: 'silent' });
let generation = 0;

/**
 * Creates the process's logger: JSON lines with `level` as a word, `time` as RFC 3339, `service`, `instance`, and `trace_id`/`span_id` of the
 * active span. Values under secret-looking names are replaced. From then on every logger of {@link getLogger} writes through it.
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
      serializers: { err: (error: unknown) => describeError(error), error: (error: unknown) => describeError(error) },
      mixin: activeSpan,
    },
    destination,
  );
  redactBindings(root);
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

/** pino no longer applies the root's formatter to the bindings of a child, so this method, which children inherit, redacts them. */
function redactBindings(logger: Logger): void {
  const child: unknown = Reflect.get(logger, 'child');
  const redacting = function (this: Logger, bindings: object, ...rest: unknown[]): unknown {
    return Reflect.apply(child as () => Logger, this, [redact(bindings), ...rest]);
  };
  Object.assign(logger, { child: redacting });
}

/** Bounds a chain of causes, which may be a cycle. */
const maxCauses = 8;

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string | number;
  readonly cause?: unknown;
}

/**
 * Keeps only what a reader needs of an error. Libraries attach whole objects to their errors, `pg` for example its client
 * with connection parameters and every prepared statement. pino's own serializer would write all of that into the line.
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!isError(error)) return redact(error);
  const { code, cause, stack, message } = error as Error & { code?: unknown };
  const described: DescribedError = {
    type: error.constructor.name,
    message,
    ...(stack !== undefined && { stack }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(cause !== undefined && depth < maxCauses && { cause: describeCause(cause, depth + 1) }),
  };
  return described;
}

/** A cause that is not an error may be anything; of an object only its kind is logged. */
function describeCause(cause: unknown, depth: number): unknown {
  if (isError(cause)) return describeError(cause, depth);
  if (typeof cause === 'object' && cause !== null) return Object.prototype.toString.call(cause);
  return typeof cause === 'function' ? 'function' : cause;
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
