import { httpHeaders } from '@causeway/contracts';
import type { CodedError, ErrorCode } from '@causeway/errors';
import { CallWatch, Deadline, DeadlineExceeded, withDeadline } from '@causeway/resilience';
import { extractTrace, getLogger, instruments, meter } from '@causeway/telemetry';
import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Link,
  type Span,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ShuttingDown, type HostState } from '../host-state.js';
import { headRefusal } from './head-refusal.js';

/** What the host knows about a request while it runs. */
export interface RequestScope {
  readonly span: Span;
  readonly context: Context;
  readonly traceId: string | undefined;
  /** `/v1/orders/:orderId`; undefined when no route matched. */
  readonly route: string | undefined;
  /** Undefined for routes without one, such as event streams. */
  readonly deadline: Deadline | undefined;
  /** Watches the process while the request runs. */
  readonly watch: CallWatch;
  /** The error code of the response. */
  code?: ErrorCode;
}

declare module 'fastify' {
  interface FastifyRequest {
    hostScope: RequestScope | null;
    /** The bytes of a JSON body as they arrived. */
    rawBody: Buffer | null;
  }
  interface FastifyContextConfig {
    /** Milliseconds, or `none`. See `RequestDeadline`. */
    deadlineMs?: number | 'none';
  }
}

const tracer = trace.getTracer('@causeway/service-host');
const log = getLogger('http');
const instrument = meter('causeway.service-host');
const duration = instrument.duration(instruments.httpServerDuration, 'Duration of HTTP server requests.');
const active = instrument.upDownCounter(instruments.httpServerActive, {
  description: 'HTTP requests being served.',
  unit: '{request}',
});
const expired = instrument.counter(instruments.httpServerExpired, {
  description: 'Requests whose deadline passed before there was a response.',
  unit: '{request}',
});

/** Response header with the id of the trace that records the request. */
export const traceIdHeader = 'x-trace-id';

/**
 * Gives every request its span, deadline, log line and measurements. It binds two asynchronous contexts, OpenTelemetry's
 * and that of `currentDeadline()`; Fastify carries both across the reading of a body.
 */
export class RequestScopes {
  /**
   * @param deadlineMs Default and upper limit of a deadline.
   * @param edge Callers are outsiders, so each request begins a trace of ours.
   */
  constructor(
    private readonly host: HostState,
    private readonly deadlineMs: number,
    private readonly edge: boolean,
  ) {}

  register(fastify: FastifyInstance): void {
    fastify.decorateRequest('hostScope', null);
    fastify.decorateRequest('rawBody', null);
    fastify.addHook('onRequest', (request, reply, done) => this.open(request, reply, done));
  }

  /** @param next Runs inside the scope; its argument says why the request is refused, if it is. */
  open(request: FastifyRequest, reply: FastifyReply, next: (refusal?: CodedError) => void): void {
    const scope = begin(request, this.deadlineMs, this.edge);
    request.hostScope = scope;
    this.host.requestBegan();
    // Not Fastify's onResponse, which is called neither for clients that hang up nor for hijacked replies.
    reply.raw.once('close', () => end(scope, request, reply, this.host));
    if (scope.traceId !== undefined) reply.raw.setHeader(traceIdHeader, scope.traceId);
    bind(scope, () => next(headRefusal(request.raw) ?? refusal(scope, this.host)));
  }
}

/** Refuses a request whose deadline has passed, and an endless response while the instance is stopping. */
function refusal({ deadline }: RequestScope, host: HostState): CodedError | undefined {
  if (deadline?.expired) return new DeadlineExceeded('the deadline had passed before the work was started');
  return deadline || !host.isStopping ? undefined : new ShuttingDown();
}

function begin(request: FastifyRequest, defaultMs: number, edge: boolean): RequestScope {
  const { url: route, config } = request.routeOptions;
  const { parent, links } = originOf(request, edge);
  const span = tracer.startSpan(
    route === undefined ? request.method : `${request.method} ${route}`,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': request.method,
        'url.scheme': 'http',
        'url.path': pathOf(request),
        ...(route !== undefined && { 'http.route': route }),
      },
      links,
    },
    parent,
  );
  const spanContext = span.spanContext();
  active.add(1, { 'http.request.method': request.method });
  return {
    span,
    context: trace.setSpan(parent, span),
    traceId: isSpanContextValid(spanContext) ? spanContext.traceId : undefined,
    route,
    deadline: deadlineOf(request, config.deadlineMs ?? defaultMs),
    watch: new CallWatch(),
  };
}

/**
 * Chooses the parent of a request's span. An outside caller must choose neither our trace id nor whether anything is
 * recorded, so its own trace becomes a link, without `tracestate` and baggage.
 */
function originOf({ headers }: FastifyRequest, edge: boolean): { parent: Context; links: Link[] } {
  const caller = extractTrace(headers);
  if (!edge) return { parent: caller, links: [] };
  const theirs = trace.getSpanContext(caller);
  if (!theirs) return { parent: ROOT_CONTEXT, links: [] };
  const { traceId, spanId, traceFlags } = theirs;
  return { parent: ROOT_CONTEXT, links: [{ context: { traceId, spanId, traceFlags, isRemote: true } }] };
}

function deadlineOf(request: FastifyRequest, limitMs: number | 'none'): Deadline | undefined {
  if (limitMs === 'none') return undefined;
  const asked = request.headers[httpHeaders.deadline];
  return Deadline.fromHeader(typeof asked === 'string' ? asked : undefined, limitMs) ?? Deadline.after(limitMs);
}

function bind({ context: bound, deadline }: RequestScope, next: () => void): void {
  context.with(bound, () => (deadline ? withDeadline(deadline, next) : next()));
}

function end(scope: RequestScope, request: FastifyRequest, reply: FastifyReply, host: HostState): void {
  host.requestEnded();
  const { raw } = reply;
  const { ms } = scope.watch;
  // nginx's 499: the client left before there was a response.
  const status = raw.headersSent ? raw.statusCode : 499;
  const error = status >= 500 ? (scope.code ?? String(status)) : undefined;
  const labels = {
    'http.request.method': request.method,
    'http.response.status_code': status,
    'url.scheme': 'http',
    ...(scope.route !== undefined && { 'http.route': scope.route }),
    ...(error !== undefined && { 'error.type': error }),
  };
  active.add(-1, { 'http.request.method': request.method });
  duration.record(ms / 1_000, labels);
  host.statistics.record(ms, error);
  if (scope.code === 'DEADLINE_EXCEEDED')
    expired.add(1, {
      'http.request.method': request.method,
      ...(scope.route !== undefined && { 'http.route': scope.route }),
    });
  scope.span.setAttribute('http.response.status_code', status);
  if (error !== undefined) {
    scope.span.setAttribute('error.type', error);
    scope.span.setStatus({ code: SpanStatusCode.ERROR });
  }
  scope.span.end();
  log[status >= 500 ? 'warn' : 'info'](
    {
      method: request.method,
      ...(scope.route === undefined ? { path: pathOf(request).slice(0, 200) } : { route: scope.route }),
      status,
      ms: Math.round(ms * 10) / 10,
      ...(scope.code !== undefined && { code: scope.code }),
      ...(raw.headersSent && !raw.writableFinished && { aborted: true }),
      trace_id: scope.traceId,
    },
    'request',
  );
}

/** Without the query, which may hold an authorization code or a cursor. */
const pathOf = ({ url }: FastifyRequest): string => {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
};
