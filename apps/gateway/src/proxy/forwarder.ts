import { httpHeaders } from '@causeway/contracts';
import type { Balancer } from '@causeway/discovery';
import { CodedError } from '@causeway/errors';
import { createPolicy, currentDeadline, DeadlineExceeded, type Policy } from '@causeway/resilience';
import { injectTrace, inSpan } from '@causeway/telemetry';
import type { FastifyReplyFromHooks } from '@fastify/reply-from';
import { SpanKind } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Dispatcher } from 'undici';

/** What came back from a service: its head is on the reply already, its body still flows. */
type Answer = IncomingMessage & { readonly statusCode: number };

/** The service could not be reached, or the connection broke. */
class ServiceUnreachable extends CodedError {
  readonly code = 'DEPENDENCY_UNAVAILABLE';
  readonly remedy = 'Try again in a moment, with the same Idempotency-Key where there is one.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 2;

  constructor(
    readonly service: string,
    /** No byte of the request had left: repeating it is always safe. */
    readonly unsent: boolean,
    options?: ErrorOptions,
  ) {
    super(`the ${service} service does not answer`, options);
  }
}

/** The service answered with a 5xx: a failure to the breaker. Kept whole, to be passed on if no retry helps. */
class ServiceFailed extends Error {
  constructor(
    readonly body: string,
    readonly mayRetry: boolean,
  ) {
    super('the service answered with a server error');
  }
}

const unsentCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
const lateCodes = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** Passes requests on to a live instance of a service, under the policy of that service: breaker, bulkhead and one retry. */
export class Forwarder {
  private readonly policies = new Map<string, Policy>();

  constructor(
    private readonly balancer: Balancer,
    readonly dispatcher: { readonly request: Dispatcher['request'] },
  ) {}

  async forward(service: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const repeatable = isRepeatable(request);
    try {
      const answer = await this.policyOf(service).execute(
        ({ attempt }) => this.attempt(service, request, reply, attempt),
        {
          retryable: (error) =>
            error instanceof ServiceUnreachable
              ? error.unsent || repeatable
              : error instanceof ServiceFailed && error.mayRetry && repeatable,
        },
      );
      return reply.send(answer);
    } catch (error) {
      if (error instanceof ServiceFailed) return reply.send(error.body);
      throw error;
    }
  }

  private policyOf(service: string): Policy {
    let policy = this.policies.get(service);
    if (!policy) {
      policy = createPolicy(`forward.${service}`, {
        retry: {},
        breaker: {},
        bulkhead: { maxConcurrent: 256, maxQueue: 256 },
      });
      this.policies.set(service, policy);
    }
    return policy;
  }

  private attempt(service: string, request: FastifyRequest, reply: FastifyReply, attempt: number): Promise<Answer> {
    const { endpoint, done } = this.balancer.pick(service);
    const started = performance.now();
    const finish = (failed: boolean) => done({ ms: performance.now() - started, failed });
    const attributes = {
      'peer.service': service,
      'server.address': endpoint.url,
      'http.request.resend_count': attempt - 1,
    };
    return inSpan(`${request.method} ${service}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      try {
        const answer = await send(request, reply, endpoint.url);
        span.setAttribute('http.response.status_code', answer.statusCode);
        finish(answer.statusCode >= 500);
        if (answer.statusCode < 500) return answer;
        const mayRetry = answer.statusCode === 503 && answer.headers[httpHeaders.noRetry] === undefined;
        throw new ServiceFailed(await text(answer), mayRetry);
      } catch (error) {
        if (error instanceof ServiceFailed) throw error;
        finish(true);
        throw classify(service, error);
      }
    });
  }
}

/** One request to one instance; resolves when the head of the answer is there. */
function send(request: FastifyRequest, reply: FastifyReply, upstream: string): Promise<Answer> {
  for (const name of Object.keys(reply.getHeaders())) if (!name.startsWith('ratelimit-')) reply.removeHeader(name); // of the attempt before
  const body = request.body instanceof Buffer && request.body.length > 0 ? request.body : undefined;
  return new Promise((resolve, reject) => {
    const hooks: FastifyReplyFromHooks = {
      getUpstream: () => upstream,
      timeout: Math.max(1, Math.ceil(currentDeadline()?.remainingMs() ?? 30_000)),
      retryDelay: () => null, // the retry is ours: see the policy
      // Given a content type, reply-from sends the bytes as they are; left alone it would serialise the buffer as JSON.
      ...(body && { body, contentType: request.headers['content-type'] ?? 'application/octet-stream' }),
      rewriteRequestHeaders: (_request, headers) => ({ ...headers, ...hopHeaders(request) }),
      rewriteHeaders: ({ connection: _connection, 'keep-alive': _keepAlive, ...headers }) => headers,
      onResponse: (_request, _reply, answer) =>
        resolve(
          Object.assign(answer.stream as unknown as Answer, {
            statusCode: reply.statusCode,
            headers: reply.getHeaders() as IncomingHttpHeaders,
          }),
        ),
      onError: (_reply, { error }) => reject(error),
    };
    reply.from(undefined, hooks);
  });
}

/** What this hop adds: what is left of the deadline, the trace, and who asked. Values that a client sent for them do not pass. */
function hopHeaders(request: FastifyRequest): Record<string, string> {
  const headers: Record<string, string> = {
    'x-forwarded-for': (request.ips ?? [request.ip]).toReversed().join(', '),
    'x-forwarded-host': request.host,
    'x-forwarded-proto': request.protocol,
  };
  const deadline = currentDeadline();
  if (deadline) headers[httpHeaders.deadline] = deadline.toHeader();
  injectTrace(headers);
  return headers;
}

/** RFC 9110, 9.2.2, and POST where the service keeps the answer under a key. */
const isRepeatable = ({ method, headers }: FastifyRequest): boolean =>
  ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'].includes(method) || headers[httpHeaders.idempotencyKey] !== undefined;

function classify(service: string, error: unknown): Error {
  const codes = [error, (error as Error).cause].map((each) => (each as NodeJS.ErrnoException | undefined)?.code ?? '');
  if (codes.some((code) => lateCodes.has(code)))
    return new DeadlineExceeded(`the ${service} service did not answer in time`);
  return new ServiceUnreachable(
    service,
    codes.some((code) => unsentCodes.has(code)),
    { cause: error },
  );
}
