import { httpHeaders } from '@causeway/contracts';
import type { FastifyReply } from 'fastify';

/** An answer as the idempotency store keeps it. */
export interface StoredResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * Sends an answer that was computed now, or replays one.
 * @param replayed True when the request was answered before: the client is told by `Idempotency-Replayed: true`.
 */
export function sendStored(reply: FastifyReply, response: StoredResponse, replayed: boolean): FastifyReply {
  reply.code(response.status).headers(response.headers);
  if (replayed) reply.header(httpHeaders.idempotencyReplayed, 'true');
  return response.body === null || response.body === undefined ? reply.send() : reply.send(response.body);
}
