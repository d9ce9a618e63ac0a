import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { getLogger } from '@causeway/telemetry';
import { z } from 'zod';
import { decodeBody } from '../http/body-parser.js';
import { malformedBody, refusalOf } from '../http/refusals.js';
import type { HostSettings } from '../settings.js';
import type { GovernanceRoute } from './governance-route.js';

const log = getLogger('management');

/** Largest body of a change, bytes. */
const bodyLimitBytes = 4_096;

// It goes into log lines and the rows of security events.
const signed = z.looseObject({ who: z.string().regex(/^[^\p{Cc}]{1,128}$/u) });

type Tokens = Pick<HostSettings, 'MANAGEMENT_TOKEN' | 'OPERATOR_TOKEN'>;

/**
 * Calls a governance route with the input of a request.
 * @throws RequestRefused (400, 401, 413), ValidationFailed (422), and what the route throws.
 */
export async function callRoute(route: GovernanceRoute, request: IncomingMessage, tokens: Tokens): Promise<unknown> {
  // Not before it is needed: the health port answers before the contracts are loaded.
  const { parseOrThrow } = await import('@causeway/contracts');
  if (route.method === 'GET') {
    if (!mayRead(request, tokens)) throw refusalOf(401)!;
    const { searchParams } = new URL(request.url ?? '/', 'http://management');
    return route.run(parseOrThrow(route.input, Object.fromEntries(searchParams)), '');
  }
  // For the role operator alone: who may only read must change nothing.
  if (!mayChange(request, tokens)) throw refusalOf(401)!;
  const { who, ...rest } = parseOrThrow(signed, await readJson(request));
  const input = parseOrThrow(route.input, rest);
  log.warn({ audit: `${route.method} ${route.path}`, who }, 'changed by an operator');
  return route.run(input, who);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitBytes) throw refusalOf(413)!;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(decodeBody(request.headers, Buffer.concat(chunks)));
  } catch (error) {
    throw error instanceof SyntaxError ? malformedBody('The body is not valid JSON.') : error;
  }
}

/** An operator may read, too. Without a token for readers, anyone may who reaches the port. */
export const mayRead = (request: IncomingMessage, { MANAGEMENT_TOKEN, OPERATOR_TOKEN }: Tokens): boolean =>
  MANAGEMENT_TOKEN === undefined || holds(request, MANAGEMENT_TOKEN) || mayChange(request, { OPERATOR_TOKEN });

const mayChange = (request: IncomingMessage, { OPERATOR_TOKEN }: Pick<Tokens, 'OPERATOR_TOKEN'>): boolean =>
  OPERATOR_TOKEN !== undefined && holds(request, OPERATOR_TOKEN);

/** Compares digests, which have equal length whatever was sent, in constant time. */
function holds(request: IncomingMessage, token: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${token}`));
}
