import { httpHeaders } from '@causeway/contracts';
import { CodedError, DependencyUnavailable } from '@causeway/errors';
import {
  CallWatch,
  createPolicy,
  currentDeadline,
  Deadline,
  type AttemptContext,
  type Policy,
  type PolicyOptions,
} from '@causeway/resilience';
import { errorType, injectTrace, inSpan, instruments, meter } from '@causeway/telemetry';
import { SpanKind, SpanStatusCode, type Span } from '@opentelemetry/api';
import type { Dispatcher } from 'undici';
import type { Balancer, Lease } from './balancer.js';
import { isUnavailableStatus, isRepeatable, mayResend, judgeResponse, type ResponseVerdict } from './failed-call.js';

const durations = meter('causeway.discovery').duration(
  instruments.httpClientDuration,
  'Duration of HTTP requests to other services',
);

export interface ServiceRequest {
  /** As in the service's announcement: `order`. */
  readonly service: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With a leading slash, and the query. */
  readonly path: string;
  /** For the trace: the path without ids, `/v1/orders/{id}`. */
  readonly route?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes are sent as they are; anything else as JSON. */
  readonly body?: unknown;
  /** Whether it may be sent twice. Default: {@link isRepeatable}. */
  readonly idempotent?: boolean;
  /** Bound of all attempts together, milliseconds; an earlier deadline wins. Default 3 000. */
  readonly timeoutMs?: number;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** @throws DependencyUnavailable when the body is not JSON. */
  json(): unknown;
}

export interface ServiceClientOptions {
  /** Applied to each service separately. Default: one retry, breaker and 256 + 256 places, all with the defaults of `resilience`. */
  readonly policy?: PolicyOptions;
}

const defaultTimeoutMs = 3_000;
const defaultPolicy: PolicyOptions = { retry: {}, breaker: {}, bulkhead: { maxConcurrent: 256, maxQueue: 256 } };

/**
 * Calls other services by name. Any answer is returned, whatever its status; only the lack of one is an error.
 *
 * At most one retry, on another instance where there is one: when no connection came about; and, for what may be sent twice, when it broke
 * off or the answer was 503 without `causeway-no-retry`. An instance that has too much work is not asked again at once.
 */
export class ServiceClient {
  private readonly policies = new Map<string, Policy>();

  constructor(
    private readonly balancer: Balancer,
    private readonly agent: Dispatcher,
    private readonly options: ServiceClientOptions = {},
  ) {}

  /** @throws DependencyUnavailable, DeadlineExceeded, NoEndpoint, CircuitOpen, BulkheadFull */
  async request(request: ServiceRequest): Promise<ServiceResponse> {
    const limit = Deadline.after(request.timeoutMs ?? defaultTimeoutMs);
    const outer = currentDeadline();
    const deadline = outer?.isBefore(limit) ? outer : limit;
    const repeatable = request.idempotent ?? isRepeatable(request.method, request.headers);
    const tried = new Set<string>();
    try {
      return await this.policyOf(request.service).execute(
        (context) => this.attempt(request, deadline, tried, context),
        {
          deadline,
          retryable: (error) => this.mayRetry(error, request.service, tried, repeatable),
          countsAsFailure: (error) =>
            error instanceof FailedAnswer
              ? error.verdict === 'failed'
              : !(error instanceof CodedError) || error instanceof DependencyUnavailable,
        },
      );
    } catch (error) {
      if (error instanceof FailedAnswer) return error.response;
      throw error;
    }
  }

  private policyOf(service: string): Policy {
    let policy = this.policies.get(service);
    if (!policy)
      this.policies.set(service, (policy = createPolicy(`http.${service}`, this.options.policy ?? defaultPolicy)));
    return policy;
  }

  private mayRetry(error: unknown, service: string, tried: ReadonlySet<string>, repeatable: boolean): boolean {
    if (error instanceof DependencyUnavailable) return mayResend(error.cause, repeatable);
    if (!(error instanceof FailedAnswer) || !repeatable) return false;
    const { status, headers } = error.response;
    if (status !== 503 || headers[httpHeaders.noRetry] !== undefined) return false;
    return error.verdict !== 'overloaded' || this.balancer.hasOther(service, tried);
  }

  private attempt(
    request: ServiceRequest,
    deadline: Deadline,
    tried: Set<string>,
    { signal, attempt }: AttemptContext,
  ): Promise<ServiceResponse> {
    const lease = this.balancer.pick(request.service, tried);
    tried.add(lease.endpoint.url);
    const url = new URL(lease.endpoint.url);
    const attributes = {
      'http.request.method': request.method,
      'server.address': url.hostname,
      'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      'url.template': request.route,
      'service.peer.name': request.service,
      ...(attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
    };
    return inSpan(`${request.method} ${request.service}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const watch = new CallWatch({ givenMs: deadline.remainingMs() });
      const response = await this.send(request, lease, deadline, signal, span, watch);
      if (response.status >= 500)
        throw new FailedAnswer(response, judgeResponse(response.status, response.headers, watch));
      return response;
    });
  }

  private async send(
    request: ServiceRequest,
    lease: Lease,
    deadline: Deadline,
    signal: AbortSignal,
    span: Span,
    watch: CallWatch,
  ): Promise<ServiceResponse> {
    const labels: Record<string, string | number> = {
      'http.request.method': request.method,
      'server.address': request.service,
    };
    let [failed, silent, overloaded] = [true, false, false];
    try {
      const { statusCode, headers, body } = await this.agent.request({
        origin: lease.endpoint.url,
        path: request.path,
        method: request.method,
        signal,
        ...payload(request, deadline),
      });
      const text = await body.text();
      const verdict = judgeResponse(statusCode, headers, watch);
      failed = verdict === 'failed' && isUnavailableStatus(statusCode);
      overloaded = verdict === 'overloaded';
      labels['http.response.status_code'] = statusCode;
      span.setAttribute('http.response.status_code', statusCode);
      if (statusCode >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
      return toResponse(request.service, statusCode, headers, text);
    } catch (error) {
      labels['error.type'] = errorType(error);
      silent = signal.aborted;
      failed = !silent || watch.silenceIsFailure;
      throw signal.aborted ? signal.reason : new DependencyUnavailable(request.service, { cause: error });
    } finally {
      const { ms } = watch;
      lease.done({ ms, failed, silent, overloaded });
      durations.record(ms / 1_000, labels);
    }
  }
}

/** An answer of 500 and above: a failure for the policy, an answer for the caller. */
class FailedAnswer extends Error {
  readonly code: string;

  constructor(
    readonly response: ServiceResponse,
    readonly verdict: ResponseVerdict,
  ) {
    super(`answered with ${response.status}`);
    this.code = String(response.status);
  }
}

function payload(
  { headers, body }: ServiceRequest,
  deadline: Deadline,
): { headers: Record<string, string>; body?: string | Buffer } {
  const all: Record<string, string> = {
    accept: 'application/json',
    ...headers,
    [httpHeaders.deadline]: deadline.toHeader(),
  };
  injectTrace(all);
  if (body === undefined) return { headers: all };
  if (typeof body === 'string' || Buffer.isBuffer(body)) return { headers: all, body };
  all['content-type'] ??= 'application/json';
  return { headers: all, body: JSON.stringify(body) };
}

const toResponse = (
  service: string,
  status: number,
  headers: ServiceResponse['headers'],
  text: string,
): ServiceResponse => ({
  status,
  headers,
  text,
  json: () => {
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new DependencyUnavailable(service, { cause });
    }
  },
});
