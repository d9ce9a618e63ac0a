import { httpHeaders } from '@causeway/contracts';
import { CodedError } from '@causeway/errors';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

export class IdempotencyKeyRequired extends CodedError {
  readonly code = 'IDEMPOTENCY_KEY_REQUIRED';
  readonly remedy = 'Send an Idempotency-Key, for example a random UUID, and the same one when you repeat the request.';

  constructor() {
    super('the header Idempotency-Key is missing');
  }
}

export class IdempotencyKeyInvalid extends CodedError {
  readonly code = 'IDEMPOTENCY_KEY_INVALID';
  readonly remedy = 'Send 1 to 128 visible ASCII characters, for example a random UUID.';

  constructor() {
    super('the header Idempotency-Key is not 1 to 128 visible ASCII characters');
  }
}

/**
 * Returns the `Idempotency-Key` of a request: 1 to 128 visible ASCII characters.
 * @throws IdempotencyKeyRequired, IdempotencyKeyInvalid (both 400)
 */
export function requireIdempotencyKey(request: Pick<FastifyRequest, 'headers'>): string {
  const key = request.headers[httpHeaders.idempotencyKey];
  if (key === undefined || key === '') throw new IdempotencyKeyRequired();
  // Node joins a repeated header with ", ". The space makes it invalid, and two keys are invalid.
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(key)) throw new IdempotencyKeyInvalid();
  return key;
}

/** `place(@IdempotencyKey() key: string)` */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext) =>
  requireIdempotencyKey(context.switchToHttp().getRequest<FastifyRequest>()),
);
