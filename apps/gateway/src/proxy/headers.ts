import type { IncomingHttpHeaders } from 'node:http';
import { propagation } from '@opentelemetry/api';

export type Headers = Record<string, string | string[]>;

/** RFC 9110, 7.6.1, and older relatives: they belong to one connection. */
const hopByHop = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Set anew for each hop: from a client they would be claims about its identity or about our own processing. */
const ours = new Set([
  'baggage',
  'content-length',
  'expect', // Node has handled it already; undici refuses to send it
  'forwarded',
  'host',
  'traceparent',
  'tracestate',
  'x-real-ip',
]);
const oursBeginWith = ['x-forwarded-', 'causeway-'];

/** The client's headers, without those of its connection to us and those that only we may set. */
export function requestHeaders(received: IncomingHttpHeaders): Headers {
  // The headers of the configured propagators, for example b3 (TELEMETRY_SDK=full).
  const traces = propagation.fields();
  return without(
    received,
    (name) =>
      hopByHop.has(name) ||
      ours.has(name) ||
      traces.includes(name) ||
      oursBeginWith.some((start) => name.startsWith(start)),
  );
}

/** Which other origins may read a response is decided at the edge (`registerCors`), not by the service behind it. */
const isCors = (name: string): boolean => name.startsWith('access-control-');

/**
 * The service's response headers, without those of its connection to us.
 * @param known Headers that are on the response already.
 */
export const responseHeaders = (received: IncomingHttpHeaders, ...known: string[]): Headers =>
  without(received, (name) => hopByHop.has(name) || isCors(name) || known.includes(name));

function without(received: IncomingHttpHeaders, dropped: (name: string) => boolean): Headers {
  const named = received.connection?.toLowerCase().split(/\s*,\s*/);
  const kept: Headers = {};
  for (const name in received) {
    const value = received[name];
    if (value !== undefined && !dropped(name) && !named?.includes(name)) kept[name] = value;
  }
  return kept;
}

/**
 * The path and query to send to a service: as received, byte for byte. Of a request in absolute form (RFC 9112, 3.2.2),
 * the part after the host.
 * @returns undefined for a path with dot segments, which a service might resolve to another path.
 */
export function targetOf(url: string): string | undefined {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const path = target.split(/[?#]/, 1)[0]!;
  return /(?:^|\/|\\|%2f|%5c)(?:\.|%2e){1,2}(?:$|\/|\\|%2f|%5c)/i.test(path) ? undefined : target;
}
