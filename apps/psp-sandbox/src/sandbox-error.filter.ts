import { CodedError, errorCodes } from '@causeway/errors';
import { translatePgError } from '@causeway/persistence';
import { isOverload } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { SandboxError } from './errors.js';

/** Gives every error the sandbox's own shape, in place of the problem documents of the service host. */
@Catch()
export class SandboxErrorFilter implements ExceptionFilter {
  private readonly log = getLogger('psp-sandbox');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const reply = host.getArgByIndex<FastifyReply>(1);
    const error = toSandboxError(thrown);
    if (error.status >= 500) this.log.error({ err: thrown }, 'request failed');
    if (reply.sent || reply.raw.headersSent) return;
    if (error.status === 503 || error.status === 429) reply.header('retry-after', '2');
    reply.code(error.status).header('content-type', 'application/json').send(JSON.stringify(error.toBody()));
  }
}

export function toSandboxError(thrown: unknown): SandboxError {
  if (thrown instanceof SandboxError) return thrown;
  // As providers do: the request is rejected unread, which is not a failure.
  if (isOverload(thrown))
    return new SandboxError(429, 'rate_limit', 'rate_limit', 'Too many requests. Try again in 2 seconds.');
  // Errors of Prisma arrive untranslated; a database that is down is 503.
  const status = statusOf(translatePgError(thrown));
  if (status === 404) return new SandboxError(404, 'not_found', 'not_found', 'There is no resource at this address.');
  if (status === 503)
    return new SandboxError(
      503,
      'unavailable',
      'unavailable',
      'The service is temporarily unavailable. Try again in 2 seconds.',
    );
  if (status >= 400 && status < 500) {
    const message = thrown instanceof CodedError ? thrown.message : 'The request could not be understood.';
    return new SandboxError(status, 'invalid_request', 'invalid_request', message);
  }
  return new SandboxError(500, 'api_error', 'api_error', 'Something went wrong on our side.');
}

function statusOf(thrown: unknown): number {
  if (thrown instanceof CodedError) return errorCodes[thrown.code].status;
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { statusCode } = (thrown ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}
