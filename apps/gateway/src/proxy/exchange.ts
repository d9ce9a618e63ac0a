import { httpHeaders } from '@causeway/contracts';
import { isRepeatable } from '@causeway/discovery';
import { RequestRefused, traceIdHeader } from '@causeway/service-host';
import { CallWatch, currentDeadline } from '@causeway/resilience';
import { injectTrace } from '@causeway/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Dispatcher } from 'undici';
import { requestHeaders, responseHeaders, targetOf } from './headers.js';

export type Answer = Dispatcher.ResponseData;

/** How long an answer may stand still when the deadline says nothing, milliseconds. */
const stallMs = 30_000;

/** Nobody waits for the answer any more. Says nothing about the service. */
export class ClientGone extends Error {
  readonly code = 'CLIENT_GONE';

  constructor() {
    super('the client hung up');
  }
}

/** One request of a client on its way through: what is sent for it, and what becomes of it. */
export class Exchange {
  readonly repeatable: boolean;
  /** URLs of instances that were asked. */
  readonly tried = new Set<string>();
  /** Of the running attempt. */
  watch = new CallWatch();
  private readonly canceller = new AbortController();
  private readonly path: string;
  private readonly headers: Readonly<Record<string, string | string[]>>;

  /** @throws RequestRefused for an address that no service is asked for. */
  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {
    const path = targetOf(request.raw.url ?? '/');
    if (path === undefined)
      throw new RequestRefused('MALFORMED_REQUEST', 'the path has . or .. in it', 'Send the path that is meant.');
    this.path = path;
    this.headers = requestHeaders(request.headers);
    this.repeatable = isRepeatable(request.method, this.headers);
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) this.end(new ClientGone());
    });
    if (reply.raw.destroyed) this.end(new ClientGone());
  }

  attemptBegins(): void {
    this.watch = new CallWatch();
  }

  /** Ends the call to the service, or its answer. The first reason counts. */
  end(reason: Error): void {
    this.canceller.abort(reason);
  }

  /** Why it was ended; undefined while it goes on. */
  get ended(): Error | undefined {
    return this.canceller.signal.reason as Error | undefined;
  }

  /** The client hung up. */
  get gone(): boolean {
    return this.ended instanceof ClientGone;
  }

  /** For undici. Made for each attempt: less time is left for the second, and it is a span of its own. */
  options(origin: string): Dispatcher.RequestOptions {
    const deadline = currentDeadline();
    return {
      origin,
      path: this.path,
      method: this.request.method as Dispatcher.HttpMethod,
      headers: { ...this.headers, ...this.hop() },
      body: Buffer.isBuffer(this.request.body) && this.request.body.length > 0 ? this.request.body : null,
      signal: this.canceller.signal,
      // The deadline is for the head. A long answer to a slow client may take longer, as long as it moves.
      bodyTimeout: Math.max(1_000, Math.ceil(deadline?.remainingMs() ?? stallMs)),
    };
  }

  /** Passes an answer on: its head now, its body as fast as the client takes it. */
  send({ statusCode, headers, body }: Answer): FastifyReply {
    this.reply.passedOn = true;
    this.reply.code(statusCode).headers(responseHeaders(headers, traceIdHeader));
    // The one retry of this path has been made, or could not be.
    if (statusCode === 503) this.reply.header(httpHeaders.noRetry, '1');
    return this.reply.send(body);
  }

  /** What this hop adds: what is left of the deadline, the trace, and who asked. */
  private hop(): Record<string, string> {
    const { request } = this;
    const headers: Record<string, string> = {
      // One address, the one we go by: of a list, each service would have to know how much is true.
      'x-forwarded-for': request.ip,
      'x-forwarded-host': request.host,
      'x-forwarded-proto': request.protocol,
    };
    const deadline = currentDeadline();
    if (deadline) headers[httpHeaders.deadline] = deadline.toHeader();
    injectTrace(headers);
    return headers;
  }
}
