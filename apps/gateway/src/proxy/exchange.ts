import { httpHeaders } from '@causeway/contracts';
import { isRepeatable, type HttpResponse } from '@causeway/discovery';
import { RequestRefused, traceIdHeader } from '@causeway/service-host';
import { currentDeadline, type Deadline } from '@causeway/resilience';
import { injectTrace, noteIds } from '@causeway/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Dispatcher } from 'undici';
import { requestHeaders, responseHeaders, targetOf, type Headers } from './headers.js';

/** How long a response may stand still when there is no deadline, milliseconds. */
const stallMs = 30_000;

// demo
/** Where a new order is: only the response to a request that places one has its id. */
const orderPath = /^\/v1\/orders\/([0-9a-f-]{36})$/;
// end demo

/** The client hung up before it had the response. */
class ClientGone extends Error {
  readonly code = 'CLIENT_GONE';

  constructor() {
    super('the client hung up');
  }
}

/** One client request on its way through the gateway: what to send for it, and how to pass the response on. */
export class Exchange {
  readonly repeatable: boolean;
  private readonly leaving = new AbortController();
  private readonly path: string;
  /** Ours alone: an attempt overwrites what the one before it added. */
  private readonly headers: Headers;

  /** @throws RequestRefused for a path that could mean another one. */
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
      if (!reply.raw.writableFinished) this.leaving.abort(new ClientGone());
    });
    if (reply.raw.destroyed) this.leaving.abort(new ClientGone());
  }

  /** Aborts when the client hangs up, also in the middle of the response. */
  get signal(): AbortSignal {
    return this.leaving.signal;
  }

  options(): Pick<Dispatcher.DispatchOptions, 'path' | 'headers' | 'body' | 'bodyTimeout'> {
    const deadline = currentDeadline();
    return {
      path: this.path,
      headers: this.withHop(deadline),
      body: Buffer.isBuffer(this.request.body) && this.request.body.length > 0 ? this.request.body : null,
      // The deadline is for the head. A long response to a slow client may take longer, as long as it moves.
      bodyTimeout: Math.max(1_000, Math.ceil(deadline?.remainingMs() ?? stallMs)),
    };
  }

  /** Passes a response on: its head now, its body as fast as the client takes it. */
  send({ statusCode, headers, body }: HttpResponse): FastifyReply {
    this.reply.passedOn = true;
    // demo
    const [, placed] = typeof headers.location === 'string' ? (orderPath.exec(headers.location) ?? []) : [];
    if (placed !== undefined) noteIds({ orderId: placed });
    // end demo
    this.reply.code(statusCode).headers(responseHeaders(headers, traceIdHeader));
    // The one retry of this path was made, or was not possible.
    if (statusCode === 503) this.reply.header(httpHeaders.noRetry, '1');
    return this.reply.send(body);
  }

  /** Adds what this hop says: the rest of the deadline, the trace, and the client's address. */
  private withHop(deadline: Deadline | undefined): Headers {
    const { request, headers } = this;
    // One address, the one that limits count by: with a list, each service would have to know how much of it to trust.
    headers['x-forwarded-for'] = request.ip;
    headers['x-forwarded-host'] = request.host;
    headers['x-forwarded-proto'] = request.protocol;
    if (deadline) headers[httpHeaders.deadline] = deadline.toHeader();
    injectTrace(headers as Record<string, string>);
    return headers;
  }
}
