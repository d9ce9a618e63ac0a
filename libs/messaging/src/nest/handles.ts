import type { MessageDefinition, RpcDefinition } from '@causeway/contracts';
import { Catch, UseFilters, type ExceptionFilter } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import type { Message } from '../consume/message.js';

/** Binds handlers to `JetStreamServer` only, whatever other transports an application connects. */
export const jetStreamTransport = Symbol('causeway.jetstream');

/** Nest's own filter turns every error into "Internal server error"; we need the code and `retryable`. */
@Catch()
class KeepError implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
const keepError = new KeepError();

export type HandlerExtras = { readonly definition: MessageDefinition } | { readonly rpc: RpcDefinition };

/**
 * The method handles the messages of `definition` on the durable consumer of (this service, subject). When it returns,
 * the message is acknowledged, so everything it does must be committed by then, usually through
 * `uow.runOnce(message.delivery, …)`. When it throws, the message is redelivered or becomes a dead letter (see
 * `deliveryOutcomeOf`).
 *
 * Nest developers: docs/guides/if-you-know-nest.md#messages-a-jetstream-strategy-instead-of-transportnats
 */
export function Handles<T>(
  definition: MessageDefinition<T>,
): <M extends (message: Message<T>) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void {
  return bind(EventPattern(definition.subject, jetStreamTransport, { definition }) as MethodDecorator);
}

/**
 * The method replies to the requests of `definition`. Its errors reach the caller as a RemoteError of the same code.
 */
export function HandlesRpc<Req, Res>(
  definition: RpcDefinition<Req, Res>,
): <M extends (request: Req) => Res | Promise<Res>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void {
  return bind(MessagePattern(definition.subject, jetStreamTransport, { rpc: definition }));
}

const bind =
  (pattern: MethodDecorator) =>
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): void => {
    pattern(target, key, descriptor);
    UseFilters(keepError)(target, key, descriptor);
  };
