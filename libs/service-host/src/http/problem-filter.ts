import { CodedError } from '@causeway/errors';
import { DeadlineExceeded } from '@causeway/resilience';
import { failSpan, getLogger } from '@causeway/telemetry';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem-reply.js';
import { refusalOf, RequestRefused } from './refusals.js';

const log = getLogger('http');

/**
 * Turns anything thrown by the service, Nest, Fastify or a plugin into a problem document. The only exception filter.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#errors-codederror-instead-of-httpexception
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    this.answer(thrown, host.getArgByIndex<FastifyRequest>(0), host.getArgByIndex<FastifyReply>(1));
  }

  /** For Fastify's own routes and plugins, which Nest's filters do not see. */
  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = asCoded(thrown, request) ?? thrown;
    note(error, thrown, request);
    if (reply.sent || reply.raw.headersSent) {
      // Part of the response has been sent; cutting the connection is the only way left to say that the rest is missing.
      reply.raw.destroy();
      return;
    }
    const send = () => sendProblem(reply, error, request.hostScope?.traceId);
    if (error instanceof CodedError && error.code === 'BODY_TOO_LARGE') void drained(request).then(send);
    else send();
  }
}

function asCoded(thrown: unknown, request: FastifyRequest): CodedError | undefined {
  if (thrown instanceof CodedError) return thrown;
  if (isTimeout(thrown) && request.hostScope?.deadline?.expired)
    return new DeadlineExceeded('the request ran out of time');
  const status = statusOf(thrown);
  if (status === 413) {
    const message = `The body is larger than ${request.routeOptions.bodyLimit} bytes.`;
    return new RequestRefused('BODY_TOO_LARGE', message, 'Send a smaller body, or several requests.');
  }
  return status === undefined ? undefined : refusalOf(status);
}

/** An abort by the deadline's signal has these names; it is DEADLINE_EXCEEDED only if the deadline has passed. */
const isTimeout = (thrown: unknown): boolean =>
  ['AbortError', 'TimeoutError'].includes(String((thrown as { name?: unknown } | undefined)?.name));

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { statusCode } = (thrown ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode >= 400 ? statusCode : undefined;
}

function note(error: unknown, thrown: unknown, request: FastifyRequest): void {
  const scope = request.hostScope;
  const fields = { err: thrown, trace_id: scope?.traceId, method: request.method, route: scope?.route };
  if (!(error instanceof CodedError)) {
    log.error(fields, 'unexpected error');
    if (scope) failSpan(scope.span, thrown);
    return;
  }
  if (scope) scope.code = error.code;
  log.debug({ ...fields, code: error.code }, 'request refused');
}

/**
 * Reads the rest of an oversized body, up to 2 MiB and 1 s, before answering. Closing a socket with unread data resets the
 * connection, and the client would see ECONNRESET instead of the 413.
 */
function drained({ raw }: FastifyRequest, maxBytes = 2_097_152, maxMs = 1_000): Promise<void> {
  if (raw.readableEnded || raw.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const timer = setTimeout(finish, maxMs);
    function finish(): void {
      clearTimeout(timer);
      raw.off('data', count).off('end', finish).off('close', finish);
      resolve();
    }
    function count(chunk: Buffer): void {
      bytes += chunk.length;
      if (bytes > maxBytes) finish();
    }
    raw.on('data', count).once('end', finish).once('close', finish).resume();
  });
}
