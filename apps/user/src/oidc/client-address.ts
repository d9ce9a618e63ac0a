import type { FastifyRequest } from 'fastify';

/**
 * Returns the client address that the gateway saw: the last entry of `X-Forwarded-For`, which the gateway appends. The
 * client may have invented the entries before it. Without the header, returns the address of the peer.
 */
export function clientAddress({ headers, socket }: Pick<FastifyRequest, 'headers' | 'socket'>): string {
  const forwarded = headers['x-forwarded-for'];
  const last = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded)?.split(',').at(-1)?.trim();
  return last || (socket.remoteAddress ?? 'unknown');
}
