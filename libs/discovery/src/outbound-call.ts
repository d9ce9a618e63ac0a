import { httpHeaders } from '@causeway/contracts';
import { DependencyUnavailable } from '@causeway/errors';
import {
  CallWatch,
  createPolicy,
  DeadlineExceeded,
  type AttemptContext,
  type Deadline,
  type Policy,
  type PolicyOptions,
} from '@causeway/resilience';
import { errorType, inSpan, instruments, meter } from '@causeway/telemetry';
import { SpanKind, SpanStatusCode, type Attributes, type Span } from '@opentelemetry/api';
import type { Dispatcher } from 'undici';
import type { Balancer, PickedInstance } from './balancer.js';
import { isUnavailableStatus, judgeResponse, mayResend, type ResponseVerdict } from './call-rules.js';
import type { Endpoint } from './resolver.js';
import type { HttpResponse, SendRequest } from './send-request.js';

const durations = meter('causeway.discovery').duration(
  instruments.httpClientDuration,
  'Duration of HTTP requests to other services',
);

/** One retry, breaker, 256 calls at once and 256 queued, with the defaults of `resilience`. */
const defaultPolicy: PolicyOptions = { retry: {}, breaker: {}, bulkhead: { maxConcurrent: 256, maxQueue: 256 } };

/** @typeParam R What the caller gets of a response: a text that was read, or a stream. */
export interface OutboundRequest<R> {
  /** As the service announces itself: `order`. */
  readonly service: string;
  readonly method: Dispatcher.HttpMethod;
  /** For the trace: the path without ids, `/v1/orders/{id}`. */
  readonly route?: string | undefined;
  /** Whether it may be sent twice. */
  readonly repeatable: boolean;
  /** Bounds all attempts together. Default: the one in force. */
  readonly deadline?: Deadline | undefined;
  /** Aborts when the caller no longer wants the response: the call ends, and counts as no failure of the service. */
  readonly signal?: AbortSignal | undefined;
  /** What to send. Made for each attempt: the second has less time left, and a span of its own. */
  options(): Omit<Dispatcher.DispatchOptions, 'origin' | 'method'>;
  /**
   * Takes the response over. While it runs, the deadline holds; afterwards a body that is still open ends with `signal`
   * only.
   */
  receive(response: HttpResponse): Promise<R> | R;
}

/** A response of 500 and above: a failure for the policy, a response for the caller. */
class FailedResponse extends Error {
  readonly code: string;

  constructor(
    readonly response: HttpResponse,
    readonly verdict: ResponseVerdict,
    readonly received: unknown,
  ) {
    super(`answered with ${response.statusCode}`);
    this.code = String(response.statusCode);
  }
}

/**
 * Calls services by name, each under a policy of its own: the one way to another service, for a client that reads
 * responses and for a proxy that streams them.
 *
 * At most one retry, on another instance where there is one: when no connection was made; and, for what may be sent
 * twice, when it broke off or the response was 503 without `causeway-no-retry`. Overload, deadlines that clients have
 * shortened, and callers that left are not the service's failure: they open no breaker and eject no instance.
 */
export class OutboundCalls {
  private readonly policies = new Map<string, Policy>();

  /** @param prefix Of the names of the policies: `http` makes `http.order`. */
  constructor(
    private readonly prefix: string,
    private readonly balancer: Balancer,
    private readonly sendRequest: SendRequest,
    private readonly policy: PolicyOptions = defaultPolicy,
  ) {}

  /**
   * Returns any response, whatever its status; only the lack of one is an error.
   * @throws DependencyUnavailable, DeadlineExceeded, NoEndpoint, CircuitOpen, BulkheadFull, or the reason of `signal`
   */
  async call<R>(request: OutboundRequest<R>): Promise<R> {
    const tried = new Set<string>();
    let failed: FailedResponse | undefined;
    try {
      return await this.policyOf(request.service).execute(
        (context) => {
          if (failed) drop(failed.response);
          failed = undefined;
          return this.attempt(request, tried, context);
        },
        {
          ...(request.deadline && { deadline: request.deadline }),
          retryable: (error) => {
            if (error instanceof FailedResponse) failed = error;
            return !request.signal?.aborted && this.mayRetry(error, request, tried);
          },
          countsAsFailure,
        },
      );
    } catch (error) {
      if (error instanceof FailedResponse) return error.received as R;
      if (failed) drop(failed.response, true); // a retry was meant to replace it
      throw error;
    }
  }

  private policyOf(service: string): Policy {
    let policy = this.policies.get(service);
    if (!policy) this.policies.set(service, (policy = createPolicy(`${this.prefix}.${service}`, this.policy)));
    return policy;
  }

  private mayRetry(
    error: unknown,
    { service, repeatable }: OutboundRequest<unknown>,
    tried: ReadonlySet<string>,
  ): boolean {
    if (error instanceof DependencyUnavailable) return mayResend(error.cause, repeatable);
    if (!(error instanceof FailedResponse) || !repeatable) return false;
    const { statusCode, headers } = error.response;
    if (statusCode !== 503 || headers[httpHeaders.noRetry] !== undefined) return false;
    // An overloaded instance would only refuse again.
    return error.verdict !== 'overloaded' || this.balancer.hasOther(service, tried);
  }

  private attempt<R>(request: OutboundRequest<R>, tried: Set<string>, context: AttemptContext): Promise<R> {
    request.signal?.throwIfAborted();
    const instance = this.balancer.pick(request.service, tried);
    tried.add(instance.endpoint.url);
    const signals = request.signal ? [context.signal, request.signal] : [context.signal];
    const attributes = () => attributesOf(request, instance, context.attempt);
    return inSpan(`${request.method} ${request.service}`, { kind: SpanKind.CLIENT, attributes }, (span) =>
      this.send(request, instance, signals, span),
    );
  }

  private async send<R>(
    request: OutboundRequest<R>,
    instance: PickedInstance,
    signals: readonly AbortSignal[],
    span: Span,
  ): Promise<R> {
    const { service, method, deadline } = request;
    const watch = new CallWatch({ givenMs: deadline?.remainingMs() });
    const labels: Record<string, string | number> = { 'http.request.method': method, 'server.address': service };
    let response: HttpResponse;
    let verdict: ResponseVerdict;
    let received: R;
    try {
      response = await this.sendRequest({ ...request.options(), origin: instance.endpoint.url, method }, signals);
      verdict = judgeResponse(response.statusCode, response.headers, watch);
      reportAtEnd(response, verdict, instance, signals, watch);
      labels['http.response.status_code'] = response.statusCode;
      span.setAttribute('http.response.status_code', response.statusCode);
      if (response.statusCode >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
      received = await request.receive(response);
    } catch (error) {
      const aborted = firstAborted(signals);
      labels['error.type'] = errorType(aborted ? aborted.reason : error);
      reportMissing(instance, aborted, watch);
      throw aborted ? aborted.reason : unavailable(service, error);
    } finally {
      durations.record(watch.ms / 1_000, labels);
    }
    if (response.statusCode >= 500) throw new FailedResponse(response, verdict, received);
    return received;
  }
}

const unavailable = (service: string, cause: unknown): DependencyUnavailable =>
  new DependencyUnavailable(service, { cause, unsent: mayResend(cause, false) });

/** What the breaker counts. The policy itself leaves out overload, and a deadline that left no fair time. */
const countsAsFailure = (error: unknown): boolean =>
  error instanceof FailedResponse
    ? error.verdict === 'failed'
    : error instanceof DependencyUnavailable || error instanceof DeadlineExceeded;

/**
 * The instance is busy until the body has passed; its latency is the time to the head, because the body moves at the
 * reader's pace.
 */
function reportAtEnd(
  { statusCode, body }: HttpResponse,
  verdict: ResponseVerdict,
  instance: PickedInstance,
  signals: readonly AbortSignal[],
  watch: CallWatch,
): void {
  const { ms } = watch;
  const report = () => {
    const failed = verdict === 'failed' && isUnavailableStatus(statusCode);
    instance.report({ ms, failed, overloaded: verdict === 'overloaded' });
  };
  if (Buffer.isBuffer(body)) return report();
  body.once('close', () => (body.errored ? reportMissing(instance, firstAborted(signals), watch) : report()));
}

/**
 * No response, or one that broke off: the instance's failure, unless it was slow for too short a time or the caller
 * left.
 */
function reportMissing(instance: PickedInstance, aborted: AbortSignal | undefined, watch: CallWatch): void {
  const late = aborted?.reason instanceof DeadlineExceeded;
  instance.report({ ms: watch.ms, failed: late ? watch.silenceIsFailure : !aborted, silent: late });
}

/** The deadline's signal comes first: where both have aborted, the time was over. */
const firstAborted = (signals: readonly AbortSignal[]): AbortSignal | undefined =>
  signals.find((signal) => signal.aborted);

/** Of a response that nobody reads, the rest is read and dropped, or else its connection is closed `now`. */
function drop({ body }: HttpResponse, now = false): void {
  if (Buffer.isBuffer(body)) return;
  if (now) body.destroy();
  else void body.dump().catch(() => undefined);
}

function attributesOf(
  { method, route, service }: OutboundRequest<unknown>,
  { endpoint }: PickedInstance,
  attempt: number,
): Attributes {
  const { hostname, port } = addressOf(endpoint);
  return {
    'http.request.method': method,
    'server.address': hostname,
    'server.port': port,
    'url.template': route,
    'service.peer.name': service,
    ...(attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
  };
}

interface Address {
  readonly hostname: string;
  readonly port: number;
}
const addresses = new WeakMap<Endpoint, Address>();

/** Parsing a URL takes longer than everything else that a span says. */
function addressOf(endpoint: Endpoint): Address {
  let address = addresses.get(endpoint);
  if (!address) {
    const { hostname, port, protocol } = new URL(endpoint.url);
    address = { hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
    addresses.set(endpoint, address);
  }
  return address;
}
