import type { FastifyRequest } from 'fastify';

/**
 * The address that the gateway saw: the last entry of `X-Forwarded-For`, which the gateway adds. Entries before it come from the client
 * and can be invented, so they are not looked at. Without the header it is the peer itself.
 */
export function clientAddress({ headers, socket }: Pick<FastifyRequest, 'headers' | 'socket'>): string {
  const forwarded = headers['x-forwarded-for'];
  const last = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded)?.split(',').at(-1)?.trim();
  return last || (socket.remoteAddress ?? 'unknown');
}
