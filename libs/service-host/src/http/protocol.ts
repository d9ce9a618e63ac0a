import {
  METHODS,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { problemContentType, toProblem } from '@causeway/errors';
import { refusalOf } from './refusals.js';

/** Limits of a request before its body, bytes. RFC 9110 (4.1) recommends at least 8 000 for the URI. */
export const maxUriBytes = 8_192;
export const maxHeadersBytes = 16_384;

/**
 * Options of every HTTP server of ours. Slow clients hold a socket and memory, so the headers may take 15 s and the whole
 * request 30 s. By default Node looks for late requests only every 30 s; a look walks the requests that are still arriving.
 *
 * Node's own checks of length and Host would close the connection with an empty response, or none. Node therefore accepts
 * twice the length that we allow, and `headRefusal` answers properly.
 */
export const serverOptions = {
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 500,
  maxHeaderSize: 2 * (maxUriBytes + maxHeadersBytes),
  requireHostHeader: false,
} as const satisfies ServerOptions;

interface ClientError extends Error {
  readonly code?: string;
  /** The bytes being parsed. */
  readonly rawPacket?: unknown;
}

/** Sockets that have had their last response. What they still send is read and dropped. */
const refused = new WeakSet<Duplex>();
/** Requests whose `Expect` the server does not meet. */
const expectations = new WeakSet<IncomingMessage>();
/** Closing a socket with unread data resets the connection and loses the response, so a client has this long to close it itself. */
const lingerMs = 1_000;

/** Sends problem documents where Node would close the connection or send an empty response. Use it with `refuseUnreadable`, for `clientError`. */
export function answerProtocolErrors(server: Server): void {
  server.on('connect', (_request, socket) => refuse(socket.resume(), 501));
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    expectations.add(request);
    server.emit('request', request, response);
  });
}

/** True when the request came with an `Expect` other than `100-continue`. */
export const hasUnknownExpectation = (request: IncomingMessage): boolean => expectations.has(request);

/** For bytes that are no request, or a request that never arrives in full. There is usually no request object, so the response is written by hand. */
export function refuseUnreadable(error: ClientError, socket: Duplex): void {
  if (refused.has(socket)) return;
  const response = inFlight(socket);
  if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent) {
    socket.destroy();
    return;
  }
  refuse(socket, statusOf(error), response);
}

/** The response in progress on a connection, by the property that Node's own handler uses. */
const inFlight = (socket: Duplex): ServerResponse | undefined =>
  (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;

function refuse(socket: Duplex, status: number, response?: ServerResponse): void {
  refused.add(socket);
  const problem = toProblem(refusalOf(status));
  const body = JSON.stringify(problem);
  const headers = {
    'content-type': problemContentType,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    connection: 'close',
  };
  if (response) response.writeHead(problem.status, headers).end(body);
  else {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`);
  }
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

function statusOf({ code, rawPacket }: ClientError): number {
  const packet = Buffer.isBuffer(rawPacket) ? rawPacket.toString('latin1', 0, serverOptions.maxHeaderSize) : '';
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408;
    case 'HPE_HEADER_OVERFLOW':
      return /^[A-Z-]+ [^\n]+$/.test(packet) ? 414 : 431;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 413;
    default: {
      // RFC 9110, 9.1: an unknown method is 501; a known one that this address does not accept is 405.
      const method = /^([!#$%&'*+.^_`|~\w-]+) \S+ HTTP\/1\.[01]\r?\n/.exec(packet)?.[1];
      return method !== undefined && !METHODS.includes(method) ? 501 : 400;
    }
  }
}
