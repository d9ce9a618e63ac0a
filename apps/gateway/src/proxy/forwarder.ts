import { httpHeaders } from '@causeway/contracts';
import { DependencyUnavailable } from '@causeway/errors';
import {
  isUnavailableStatus,
  mayResend,
  judgeResponse,
  type Balancer,
  type Lease,
  type ResponseVerdict,
} from '@causeway/discovery';
import { createPolicy, DeadlineExceeded, type Policy } from '@causeway/resilience';
import { errorType, inSpan, instruments, meter } from '@causeway/telemetry';
import { SpanKind, SpanStatusCode, type Span } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Dispatcher } from 'undici';
import { ClientGone, Exchange, type Answer } from './exchange.js';

const durations = meter('causeway.gateway').duration(
  instruments.httpClientDuration,
  'Duration of HTTP requests to other services',
);

/** An answer of 500 and above: a failure for the policy, an answer for the client. */
class FailedAnswer extends Error {
  readonly code: string;

  constructor(
    readonly answer: Answer,
    readonly verdict: ResponseVerdict,
  ) {
    super(`answered with ${answer.statusCode}`);
    this.code = String(answer.statusCode);
  }
}

/**
 * Passes requests on to a live instance of a service, under the policy of that service: breaker, bulkhead, and one retry on another instance:
 * when no connection came about; and, for what may be sent twice, when it broke off or the answer was 503 without `causeway-no-retry`. Too much
 * work over there, and deadlines that clients have shortened, are not held against it.
 */
export class Forwarder {
  private readonly policies = new Map<string, Policy>();

  constructor(
    private readonly balancer: Balancer,
    private readonly agent: Pick<Dispatcher, 'request'>,
  ) {}

  /** @throws DependencyUnavailable, DeadlineExceeded, NoEndpoint, CircuitOpen, BulkheadFull */
  async forward(service: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const exchange = new Exchange(request, reply);
    let failed: FailedAnswer | undefined;
    try {
      const answer = await this.policyOf(service).execute(
        ({ attempt }) => {
          void failed?.answer.body.dump().catch(() => undefined);
          failed = undefined;
          return this.attempt(service, request.method, exchange, attempt);
        },
        {
          retryable: (error) => {
            if (error instanceof FailedAnswer) failed = error;
            return !exchange.gone && this.mayRetry(error, service, exchange);
          },
          countsAsFailure: (error) =>
            error instanceof FailedAnswer
              ? error.verdict === 'failed'
              : error instanceof DependencyUnavailable || error instanceof DeadlineExceeded,
        },
      );
      return exchange.send(answer);
    } catch (error) {
      if (error instanceof FailedAnswer) return exchange.send(error.answer);
      exchange.end(error as Error); // a call that took too long; an answer that a retry was meant to replace
      if (exchange.gone) return reply.hijack(); // nobody is there to be told
      throw error;
    }
  }

  private policyOf(service: string): Policy {
    let policy = this.policies.get(service);
    if (!policy) {
      const bulkhead = { maxConcurrent: 256, maxQueue: 256 };
      policy = createPolicy(`forward.${service}`, { retry: {}, breaker: {}, bulkhead });
      this.policies.set(service, policy);
    }
    return policy;
  }

  private mayRetry(error: unknown, service: string, { repeatable, tried }: Exchange): boolean {
    if (error instanceof DependencyUnavailable) return mayResend(error.cause, repeatable);
    if (!(error instanceof FailedAnswer) || !repeatable) return false;
    const { statusCode, headers } = error.answer;
    if (statusCode !== 503 || headers[httpHeaders.noRetry] !== undefined) return false;
    // There is no use in asking an instance again that has too much work.
    return error.verdict !== 'overloaded' || this.balancer.hasOther(service, tried);
  }

  private attempt(service: string, method: string, exchange: Exchange, attempt: number): Promise<Answer> {
    if (exchange.gone) throw new ClientGone();
    exchange.attemptBegins();
    const lease = this.balancer.pick(service, exchange.tried);
    exchange.tried.add(lease.endpoint.url);
    const url = new URL(lease.endpoint.url);
    const attributes = {
      'http.request.method': method,
      'server.address': url.hostname,
      'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      'service.peer.name': service,
      ...(attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
    };
    return inSpan(`${method} ${service}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const answer = await this.call(service, method, exchange, lease, span);
      const { statusCode, headers } = answer;
      if (statusCode >= 500) throw new FailedAnswer(answer, judgeResponse(statusCode, headers, exchange.watch));
      return answer;
    });
  }

  /** Resolves with the head of the answer. The lease lasts until the body has passed through. */
  private async call(service: string, method: string, exchange: Exchange, lease: Lease, span: Span): Promise<Answer> {
    const labels: Record<string, string | number> = { 'http.request.method': method, 'server.address': service };
    try {
      const answer = await this.agent.request(exchange.options(lease.endpoint.url));
      const { statusCode, headers, body } = answer;
      const { ms } = exchange.watch;
      const verdict = judgeResponse(statusCode, headers, exchange.watch);
      body.once('close', () => {
        const broken = body.errored !== null && !exchange.gone;
        const failed = broken || (verdict === 'failed' && isUnavailableStatus(statusCode));
        lease.done({ ms, failed, overloaded: verdict === 'overloaded' });
      });
      labels['http.response.status_code'] = statusCode;
      span.setAttribute('http.response.status_code', statusCode);
      if (statusCode >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
      return answer;
    } catch (error) {
      const { ended, watch } = exchange;
      const late = ended instanceof DeadlineExceeded;
      labels['error.type'] = errorType(ended ?? error);
      lease.done({ ms: watch.ms, failed: late ? watch.silenceIsFailure : ended === undefined, silent: late });
      throw ended ?? new DependencyUnavailable(service, { cause: error });
    } finally {
      durations.record(exchange.watch.ms / 1_000, labels);
    }
  }
}
