import { problemContentType, toProblem } from '@causeway/errors';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type {
  FastifyError,
  FastifyHttpOptions,
  FastifyReply,
  FastifyRequest,
  FastifyServerOptions,
  RawServerDefault,
} from 'fastify';
import type { Socket } from 'node:net';
import type { HostState } from '../host-state.js';
import type { HostSettings } from '../settings.js';
import { AllowedMethods } from './allowed-methods.js';
import { acceptJsonOnly } from './body-parser.js';
import { closeConnectionsWhenIdle } from './close-connections.js';
import { noSchemas } from './no-schemas.js';
import { ProblemFilter } from './problem-filter.js';
import { sendProblem } from './problem-reply.js';
import { refusalOf } from './refusals.js';
import { scopeRequests } from './request-scope.js';
import { finishHeaders } from './response-headers.js';

/** How long a client may take for the headers, and for the whole request: slow ones hold memory. */
const headersTimeoutMs = 15_000;
const requestTimeoutMs = 30_000;

/** Nest's adapter around a Fastify that has everything of ours registered, and the routes it will know. */
export function createHttpAdapter(
  host: HostState,
  settings: HostSettings,
  own: FastifyServerOptions = {},
): { adapter: FastifyAdapter; filter: ProblemFilter } {
  const options: FastifyHttpOptions<RawServerDefault> = {
    logger: false,
    bodyLimit: settings.BODY_LIMIT_BYTES,
    // While closing, a request on a connection that is still open is served, not refused: it was sent in good faith.
    return503OnClosing: false,
    requestTimeout: requestTimeoutMs,
    http: { headersTimeout: headersTimeoutMs },
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, refusalOf(error.statusCode ?? 400), undefined),
    clientErrorHandler: refuseUnreadable,
    schemaController: noSchemas,
    ...own,
  };
  // Nest's middleware is not used; without it every request runs one hook less.
  const adapter: FastifyAdapter = new FastifyAdapter({ ...options, skipMiddie: true });
  const fastify = adapter.getInstance();
  const allowed = new AllowedMethods(fastify);
  scopeRequests(fastify, host, settings.REQUEST_DEADLINE_MS);
  finishHeaders(fastify, host);
  closeConnectionsWhenIdle(fastify, host);
  acceptJsonOnly(fastify);
  const filter = new ProblemFilter(allowed);
  handleErrors(adapter, filter);
  return { adapter, filter };
}

/**
 * One error handler for Nest's routes and for Fastify's own. It has to be there before anybody registers a plugin, because a plugin keeps the one
 * that it finds; Nest brings its own (which runs the global filters) much later, and takes over inside of it.
 */
function handleErrors(adapter: FastifyAdapter, filter: ProblemFilter): void {
  type Handler = (error: Error, request: FastifyRequest, reply: FastifyReply) => unknown;
  let handle: Handler = (error, request, reply) => filter.answer(error, request, reply);
  const fastify = adapter.getInstance();
  fastify.setErrorHandler((error: Error, request, reply) => handle(error, request, reply));
  adapter.setErrorHandler = (nests: Handler) => {
    handle = nests;
    return fastify;
  };
}

/** Bytes that are no HTTP request: there is no request object yet, so the answer is written by hand. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(toProblem(refusalOf(400)));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: ${problemContentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
