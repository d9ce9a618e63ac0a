import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { problemContentType, toProblem } from '@causeway/errors';
import { admissions, policies } from '@causeway/resilience';
import { scrapeContentType, scrapeMetrics } from '@causeway/telemetry';
import type { HostState } from '../host-state.js';
import { Connections } from '../http/connections.js';
import { decodeBody } from '../http/body-parser.js';
import { headRefusal } from '../http/head-refusal.js';
import { answerProtocolErrors, refuseUnreadable, serverOptions } from '../http/protocol.js';
import { malformedBody, refusalOf, type RequestRefused } from '../http/refusals.js';
import type { HostSettings } from '../settings.js';
import { LogLevelSwitch } from './log-level-switch.js';
import { readiness } from './readiness.js';

export interface ManagementServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Which build of which service this is. */
export interface ServiceIdentity {
  readonly service: string;
  readonly version: string;
  readonly commit: string | undefined;
  readonly instanceId: string;
}

/**
 * Serves health, metrics and governance on a port of their own, with a bare `node:http` server. It answers while the application
 * is still starting, costs nothing to start, and the application's limits do not apply to it.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#health-a-management-port-instead-of-terminus
 */
export async function startManagementServer(
  identity: ServiceIdentity,
  settings: HostSettings,
  host: HostState,
): Promise<ManagementServer> {
  const { instanceId: instance, ...build } = identity;
  const who = { ...build, instance };
  const connections = new Connections(host);
  const levels = new LogLevelSwitch();
  const keepAlive = { keepAliveTimeout: settings.HTTP_KEEP_ALIVE_MS, ServerResponse: connections.responseClass() };
  const server = createServer({ ...serverOptions, ...keepAlive }, (request, response) => {
    answer(request, response, who, settings, host, levels).catch(() => response.destroy());
  });
  server.on('clientError', refuseUnreadable);
  answerProtocolErrors(server);
  connections.watch(server);
  await new Promise<void>((resolve, reject) => {
    server
      .once('error', reject)
      .listen(settings.MANAGEMENT_PORT, settings.MANAGEMENT_HOST ?? settings.HTTP_HOST, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const stop = await connections.closeIdle(server);
      await new Promise((resolve) => server.close(resolve));
      stop();
      levels.stop();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  who: object,
  settings: HostSettings,
  host: HostState,
  levels: LogLevelSwitch,
): Promise<void> {
  const refusal = headRefusal(request);
  if (refusal) return refuse(response, refusal);
  const path = (request.url ?? '').split('?', 1)[0];
  if (path === '/governance/log-level') return changeLogLevel(request, response, settings, levels);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, refusalOf(405), { allow: 'GET, HEAD' });
  if (path === '/health/live') return send(response, 200, { status: 'live', ...who });
  if (path === '/health/ready') {
    const report = await readiness(host);
    return send(response, report.status === 'ready' ? 200 : 503, { ...report, ...who });
  }
  if (path === '/metrics') {
    const text = await scrapeMetrics();
    // Without a token, as health is: no value or label is secret, and every scraper works with it as it is.
    if (text !== undefined) return sendText(response, 200, text, { 'content-type': scrapeContentType });
  }
  if (path !== '/governance') return refuse(response, refusalOf(404));
  if (!mayRead(request, settings)) return refuse(response, refusalOf(401), { 'www-authenticate': 'Bearer' });
  const { heapUsed, rss } = process.memoryUsage();
  // Not before it is needed: health is answered before the contracts are loaded.
  const { contractsHash } = await import('@causeway/contracts/published');
  return send(response, 200, {
    ...who,
    uptimeSeconds: Math.round(process.uptime()),
    contracts: contractsHash(),
    requestsInFlight: host.inFlight,
    ...levels.state,
    memory: { heapUsedBytes: heapUsed, rssBytes: rss },
    policies: policies(),
    admissions: admissions(),
  });
}

function refuse(
  response: ServerResponse,
  refusal: RequestRefused | undefined,
  headers: Record<string, string> = {},
): void {
  const problem = toProblem(refusal);
  send(response, problem.status, problem, { 'content-type': problemContentType, ...headers });
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  sendText(response, status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
}

function sendText(response: ServerResponse, status: number, text: string, headers: Record<string, string>): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store', ...headers });
  response.end(text);
}

const bodyLimitBytes = 1_024;

/** For the role operator: who may only read must not be able to flood the logs, or to hide something in them. */
async function changeLogLevel(
  request: IncomingMessage,
  response: ServerResponse,
  { OPERATOR_TOKEN }: HostSettings,
  levels: LogLevelSwitch,
): Promise<void> {
  if (request.method !== 'PUT') return refuse(response, refusalOf(405), { allow: 'PUT' });
  if (OPERATOR_TOKEN === undefined || !holds(request, OPERATOR_TOKEN))
    return refuse(response, refusalOf(401), { 'www-authenticate': 'Bearer' });
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > bodyLimitBytes) return refuse(response, refusalOf(413), { connection: 'close' });
      chunks.push(chunk);
    }
    send(response, 200, await levels.set(parseJson(decodeBody(request.headers, Buffer.concat(chunks)))));
  } catch (error) {
    const problem = toProblem(error);
    send(response, problem.status, problem, { 'content-type': problemContentType });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformedBody('The body is not valid JSON.');
  }
}

/** An operator may read, too. Without a token for readers, anyone may who reaches the port. */
const mayRead = (request: IncomingMessage, { MANAGEMENT_TOKEN, OPERATOR_TOKEN }: HostSettings): boolean =>
  MANAGEMENT_TOKEN === undefined ||
  holds(request, MANAGEMENT_TOKEN) ||
  (OPERATOR_TOKEN !== undefined && holds(request, OPERATOR_TOKEN));

/** Compares digests, which have equal length whatever was sent, in constant time. */
function holds(request: IncomingMessage, token: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${token}`));
}
