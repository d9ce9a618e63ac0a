import type { FastifyInstance } from 'fastify';
import type { HostState } from '../host-state.js';

const everyMs = 50;

/**
 * Ends connections while the HTTP server closes. `server.close()` alone waits for sockets that never sent a request (Node counts
 * them as busy) and for those whose answer was hijacked before the stop; both would hold the process until a timeout of a minute.
 * What is in flight is left alone for as long as the grace lasts.
 */
export function closeConnectionsWhenIdle(fastify: FastifyInstance, host: HostState): void {
  let timer: NodeJS.Timeout | undefined;
  fastify.addHook('preClose', (done) => {
    let idleFor = 0;
    timer = setInterval(() => {
      idleFor = host.inFlight === 0 ? idleFor + 1 : 0;
      // Two rounds: a request may have been on its way when the last answer left.
      if (idleFor >= 2 || host.graceLeftMs === 0) fastify.server.closeAllConnections();
      else fastify.server.closeIdleConnections();
    }, everyMs);
    done();
  });
  fastify.addHook('onClose', (_instance, done) => {
    clearInterval(timer);
    done();
  });
}
