import { httpHeaders } from '@causeway/contracts';
import type { FastifyReply } from 'fastify';

/** A response as the idempotency store keeps it. */
export interface StoredResponse {
  /** 200 to 499. */
  readonly status: number;
  /** Only headers that belong to the response itself (`location`, `etag`). */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: unknown;
}

/**
 * Sends a response that was computed now, or replays a stored one.
 * @param replayed True if the request was answered before; the response then has `Idempotency-Replayed: true`.
 */
export function sendStored(reply: FastifyReply, response: StoredResponse, replayed: boolean): FastifyReply {
  reply.code(response.status).headers(response.headers);
  if (replayed) reply.header(httpHeaders.idempotencyReplayed, 'true');
  return response.body === null || response.body === undefined ? reply.send() : reply.send(response.body);
}
