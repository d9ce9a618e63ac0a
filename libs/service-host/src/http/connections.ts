import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { HostState } from '../host-state.js';

const everyMs = 50;

/**
 * The connections of an HTTP server, and how they end when the process stops: with an answer that says `Connection: close`, or, once
 * {@link closeIdle} was called, as soon as nothing is under way on them.
 */
export class Connections {
  /** The request that arrived last on a connection: whoever pipelines has several under way. */
  private readonly latest = new WeakMap<Socket, ServerResponse>();
  /** Their last answer has been announced. */
  private readonly closing = new WeakSet<Socket>();
  private readonly unanswerable = new WeakSet<ServerResponse>();
  private readonly open = new Set<Socket>();

  constructor(private readonly host: HostState) {}

  /**
   * For `http.createServer`. Says `Connection: close` while the process stops, whoever writes the answer: Fastify, Node itself, or somebody
   * who has hijacked the reply. Of pipelined requests the last one says so, because nothing is answered after that.
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

  /** It came after the last answer of its connection was announced: it must not be handled (RFC 9112, 9.6), and the client knows it was not. */
  isUnanswerable(response: ServerResponse): boolean {
    return this.unanswerable.has(response);
  }

  /**
   * From now on ends every connection on which nothing is under way, and all of them once the grace is over. `server.close()` alone does so
   * once, and waits for sockets that never sent a byte: Node counts them as busy. A request that has arrived in part is waited for.
   * @returns Resolves when `server.close()` may be called, with a function that is to be called when it is done.
   */
  async closeIdle(server: Server): Promise<() => void> {
    const timer = setInterval(() => {
      if (this.host.graceLeftMs === 0) return server.closeAllConnections();
      setImmediate(() => {
        server.closeIdleConnections();
        for (const socket of this.open) if (socket.bytesRead === 0) socket.destroy();
      });
    }, everyMs);
    // A whole turn of the event loop, and half of one behind the timer above: what the kernel has received by now has been read, and its
    // connection is no longer idle.
    for (let phase = 0; phase < 2; phase += 1) await new Promise(setImmediate);
    return () => clearInterval(timer);
  }

  private received(socket: Socket, response: ServerResponse): void {
    if (this.closing.has(socket)) this.unanswerable.add(response);
    else this.latest.set(socket, response);
  }

  /** Asked right before an answer begins. */
  private isLast(response: ServerResponse): boolean {
    const { socket } = response.req;
    if (!this.host.isStopping || this.latest.get(socket) !== response) return false;
    this.closing.add(socket);
    return true;
  }
}

/** Makes a Fastify stop as described at {@link Connections}. To be called before any other hook is added. */
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
