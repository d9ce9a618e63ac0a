import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { HostState } from '../host-state.js';

const everyMs = 50;

/**
 * The connections of an HTTP server, and how they end when the process stops: with a response that says
 * `Connection: close`, or, once {@link closeIdle} was called, as soon as they are idle.
 */
export class Connections {
  /** The request that arrived last on a connection; with pipelining several are in progress. */
  private readonly latest = new WeakMap<Socket, ServerResponse>();
  /** Sockets whose last response has been announced. */
  private readonly closing = new WeakSet<Socket>();
  private readonly unanswerable = new WeakSet<ServerResponse>();
  private readonly open = new Set<Socket>();

  constructor(private readonly host: HostState) {}

  /**
   * For `http.createServer`. Adds `Connection: close` while the process stops, whether Fastify, Node itself or a handler that
   * hijacked the reply writes the response. Of pipelined requests the last one has it, because none is answered after that.
   */
  responseClass(): typeof ServerResponse {
    const received = (socket: Socket, response: ServerResponse): void => this.received(socket, response);
    const isLast = (response: ServerResponse): boolean => this.isLast(response);
    return class<Request extends IncomingMessage> extends ServerResponse<Request> {
      constructor(...given: [Request]) {
        super(...given);
        received(given[0].socket, this);
      }

      override writeHead(...head: unknown[]): this {
        if (isLast(this)) this.setHeader('connection', 'close');
        return super.writeHead(...(head as Parameters<ServerResponse['writeHead']>));
      }
    };
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.open.add(socket);
      socket.once('close', () => this.open.delete(socket));
    });
  }

  /** True for a request that arrived after the last response was announced. It must not be handled (RFC 9112, 9.6), and the client knows that. */
  isUnanswerable(response: ServerResponse): boolean {
    return this.unanswerable.has(response);
  }

  /**
   * From now on ends every idle connection, and all connections once the grace is over. `server.close()` alone does so only
   * once, and waits for sockets that never sent a byte, which Node counts as busy. A partly received request is waited for.
   * @returns Resolves when `server.close()` may be called, with a function to call when it is done.
   */
  async closeIdle(server: Server): Promise<() => void> {
    const timer = setInterval(() => {
      if (this.host.graceLeftMs === 0) return server.closeAllConnections();
      setImmediate(() => {
        server.closeIdleConnections();
        for (const socket of this.open) if (socket.bytesRead === 0) socket.destroy();
      });
    }, everyMs);
    // After a full turn of the event loop and the rest of this one, everything that the kernel has received by now has been
    // read, and its connection is no longer idle.
    for (let phase = 0; phase < 2; phase += 1) await new Promise(setImmediate);
    return () => clearInterval(timer);
  }

  private received(socket: Socket, response: ServerResponse): void {
    if (this.closing.has(socket)) this.unanswerable.add(response);
    else this.latest.set(socket, response);
  }

  /** Called right before a response begins. */
  private isLast(response: ServerResponse): boolean {
    const { socket } = response.req;
    if (!this.host.isStopping || this.latest.get(socket) !== response) return false;
    this.closing.add(socket);
    return true;
  }
}

/** Makes Fastify stop as described at {@link Connections}. Call it before any other hook is added. */
export function closeGently(fastify: FastifyInstance, connections: Connections, host: HostState): void {
  connections.watch(fastify.server);
  fastify.server.on('connection', (socket: Socket) => {
    host.connectionOpened();
    socket.once('close', () => host.connectionClosed());
  });
  fastify.addHook('onRequest', (_request, reply, done) => {
    if (connections.isUnanswerable(reply.raw)) reply.hijack();
    else done();
  });
  let stop: (() => void) | undefined;
  fastify.addHook('preClose', async () => {
    stop = await connections.closeIdle(fastify.server);
  });
  fastify.addHook('onClose', (_instance, done) => {
    stop?.();
    done();
  });
}
