import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyHttpOptions, FastifyReply, FastifyRequest, RawServerDefault } from 'fastify';
import type { HostState } from '../host-state.js';
import type { HostSettings } from '../settings.js';
import { refuseUnknownRoutes } from './allowed-methods.js';
import { acceptJsonOnly } from './body-parser.js';
import { closeGently, Connections } from './connections.js';
import { noSchemas } from './no-schemas.js';
import { ProblemFilter } from './problem-filter.js';
import { sendProblem } from './problem-reply.js';
import { answerProtocolErrors, refuseUnreadable, serverOptions } from './protocol.js';
import { refusalOf } from './refusals.js';
import { RequestScopes } from './request-scope.js';
import { finishEveryAnswer, finishHeaders } from './response-headers.js';

/**
 * Creates Nest's adapter around a Fastify instance with our hooks and parsers.
 * @param edge Callers are outsiders. See `ServiceParts.edge`.
 */
export function createHttpAdapter(
  host: HostState,
  settings: HostSettings,
  { http, ...own }: FastifyHttpOptions<RawServerDefault> = {},
  edge = false,
): { adapter: FastifyAdapter; filter: ProblemFilter } {
  const connections = new Connections(host);
  const scopes = new RequestScopes(host, settings.REQUEST_DEADLINE_MS, edge);
  const options: FastifyHttpOptions<RawServerDefault> = {
    logger: false,
    bodyLimit: settings.BODY_LIMIT_BYTES,
    // While closing, a request on an open connection is served, not refused: it was sent in good faith.
    return503OnClosing: false,
    requestTimeout: serverOptions.requestTimeout,
    keepAliveTimeout: settings.HTTP_KEEP_ALIVE_MS,
    http: { ...serverOptions, ServerResponse: connections.responseClass(), ...http },
    // For an address that the router cannot parse. No hook runs for it.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      scopes.open(request, reply, (refusal) => {
        finishHeaders(reply);
        sendProblem(reply, refusal ?? refusalOf(error.statusCode ?? 400), request.hostScope?.traceId);
      }),
    clientErrorHandler: refuseUnreadable,
    schemaController: noSchemas,
    ...own,
  };
  // We do not use Nest's middleware; without it every request runs one hook less.
  // Nest developers: docs/guides/if-you-know-nest.md#guards-interceptors-and-middleware
  const adapter: FastifyAdapter = new FastifyAdapter({ ...options, skipMiddie: true });
  const fastify = adapter.getInstance();
  answerProtocolErrors(fastify.server);
  closeGently(fastify, connections, host);
  scopes.register(fastify);
  refuseUnknownRoutes(fastify);
  finishEveryAnswer(fastify);
  acceptJsonOnly(fastify);
  const filter = new ProblemFilter();
  handleErrors(adapter, filter);
  return { adapter, filter };
}

/**
 * Installs one error handler for Nest's routes and Fastify's own. It must be there before any plugin is registered, because
 * a plugin keeps the handler it finds. Nest's own handler, which runs the global filters, comes much later and takes over
 * inside this one.
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
