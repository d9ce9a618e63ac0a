import { types } from 'node:util';
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanKind,
} from '@opentelemetry/api';
import { idsFollowParent, idsIn } from './about.js';

/** Also true for errors of another realm, such as Node's own under Jest. */
export const isError = (value: unknown): value is Error => value instanceof Error || types.isNativeError(value);

const tracer = trace.getTracer('causeway');

export interface SpanOptions {
  /** Default INTERNAL. */
  readonly kind?: SpanKind;
  /** A function is called only for a span that may be recorded. */
  readonly attributes?: Attributes | (() => Attributes);
  /** The span's parent. Default: the context of the caller. */
  readonly parent?: Context;
  readonly links?: Link[];
}

let parentDecides = false;

/** Called by startTelemetry: whether a span below one that is not recorded is never recorded either. */
export function samplingFollowsParent(follows: boolean): void {
  parentDecides = follows;
  idsFollowParent(follows);
}

function unsampledSpanOf(of: Context): Span | undefined {
  const span = trace.getSpan(of);
  if (span === undefined || span.isRecording()) return undefined;
  const spanContext = span.spanContext();
  const sampled = (spanContext.traceFlags & TraceFlags.SAMPLED) === TraceFlags.SAMPLED;
  return !sampled && isSpanContextValid(spanContext) ? span : undefined;
}

/**
 * Runs `fn` inside a new span and ends the span when the promise settles. An error marks the span as failed, with the exception and
 * `error.type` (the `code` of a CodedError or a system error, else the class name), and is rethrown.
 *
 * In a trace that is not recorded there is nothing to make: `fn` runs in the span above it, whose ids logs and other
 * services get.
 * @param name Low cardinality, `{operation} {destination}`: `process user.evt.registered.v1`. Ids belong in attributes.
 */
export async function inSpan<T>(name: string, options: SpanOptions, fn: (span: Span) => Promise<T> | T): Promise<T> {
  const active = context.active();
  const { parent = active, attributes, ...spanOptions } = options;
  const unsampled = parentDecides ? unsampledSpanOf(parent) : undefined;
  if (unsampled) return await (parent === active ? fn(unsampled) : context.with(parent, fn, undefined, unsampled));
  const ids = idsIn(parent);
  const own = typeof attributes === 'function' ? attributes() : attributes;
  const all = ids === undefined ? own : { ...own, ...ids };
  const span = tracer.startSpan(name, { ...spanOptions, attributes: all }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), fn, undefined, span);
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** For spans that are ended by hand: sets status ERROR, the exception and `error.type`. */
export function failSpan(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  const exception = isError(error) ? error : new Error(String(error));
  span.recordException(exception);
  span.setAttribute('error.type', errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message });
}

/** Returns a low-cardinality name for an error, fit for a metric label: its `code` if it is a string, else the name of its class. */
export function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown';
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'unknown';
}

/** Writes `traceparent` (and `tracestate`) of W3C Trace Context into `carrier`. Writes nothing if no trace is active. */
export function injectTrace(carrier: Record<string, string>, from: Context = context.active()): void {
  propagation.inject(from, carrier);
}

/**
 * Returns the context that `traceparent`/`tracestate` of a message or request describe, or an empty one if they are
 * missing or malformed. It never includes the caller's own context, so a handler cannot join the trace of unrelated work.
 */
export function extractTrace(carrier: Readonly<Record<string, unknown>>): Context {
  return propagation.extract(ROOT_CONTEXT, carrier);
}

/** Returns 32 hex digits, or undefined outside a trace. */
export function currentTraceId(): string | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  return spanContext && isSpanContextValid(spanContext) ? spanContext.traceId : undefined;
}

/** Returns `00-<trace id>-<span id>-<flags>` of the active span, which the outbox stores. */
export function currentTraceparent(): string | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  if (!spanContext || !isSpanContextValid(spanContext)) return undefined;
  const sampled = (spanContext.traceFlags & TraceFlags.SAMPLED) === TraceFlags.SAMPLED;
  return `00-${spanContext.traceId}-${spanContext.spanId}-${sampled ? '01' : '00'}`;
}
