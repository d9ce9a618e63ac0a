import { text as textOf } from 'node:stream/consumers';
import { httpHeaders } from '@causeway/contracts';
import { DependencyUnavailable } from '@causeway/errors';
import { currentDeadline, Deadline, type PolicyOptions } from '@causeway/resilience';
import { injectTrace } from '@causeway/telemetry';
import type { Dispatcher } from 'undici';
import type { Balancer } from './balancer.js';
import { isRepeatable } from './call-rules.js';
import { OutboundCalls } from './outbound-call.js';
import { sendThrough, type HttpResponse } from './send-request.js';

export interface ServiceRequest {
  /** As the service announces itself: `order`. */
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
  /**
   * Ends the call when it aborts, because the caller has left: the connection to the service is closed. Default: none.
   */
  readonly signal?: AbortSignal;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** @throws DependencyUnavailable when the body is not JSON. */
  json(): unknown;
}

export interface ServiceClientOptions {
  /**
   * Applied to each service separately. Default: one retry, breaker and 256 + 256 slots, all with the defaults of
   * `resilience`.
   */
  readonly policy?: PolicyOptions;
}

const defaultTimeoutMs = 3_000;

/**
 * Calls other services by name, and reads their responses. Any response is returned, whatever its status; only the lack
 * of one is an error.
 */
export class ServiceClient {
  private readonly calls: OutboundCalls;

  constructor(balancer: Balancer, agent: Dispatcher, { policy }: ServiceClientOptions = {}) {
    this.calls = new OutboundCalls('http', balancer, sendThrough(agent), policy);
  }

  /**
   * @throws DependencyUnavailable, DeadlineExceeded, NoEndpoint, CircuitOpen, BulkheadFull, or the reason of `signal`
   */
  request(request: ServiceRequest): Promise<ServiceResponse> {
    const { service, method, path, route, signal } = request;
    const limit = Deadline.after(request.timeoutMs ?? defaultTimeoutMs);
    const outer = currentDeadline();
    const deadline = outer?.isBefore(limit) ? outer : limit;
    return this.calls.call({
      service,
      method,
      route,
      deadline,
      signal,
      repeatable: request.idempotent ?? isRepeatable(method, request.headers),
      options: () => ({ path, ...payload(request, deadline) }),
      receive: (response) => read(service, response),
    });
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

async function read(service: string, { statusCode, headers, body }: HttpResponse): Promise<ServiceResponse> {
  const text = Buffer.isBuffer(body) ? body.toString() : await textOf(body);
  return {
    status: statusCode,
    headers,
    text,
    json: () => {
      try {
        return JSON.parse(text) as unknown;
      } catch (cause) {
        throw new DependencyUnavailable(service, { cause });
      }
    },
  };
}
