import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { problemContentType, toProblem } from '@causeway/errors';
import { admissions, policies } from '@causeway/resilience';
import { getLogger, scrapeContentType, scrapeMetrics } from '@causeway/telemetry';
import type { HostState } from '../host-state.js';
import { Connections } from '../http/connections.js';
import { headRefusal } from '../http/head-refusal.js';
import { answerProtocolErrors, refuseUnreadable, serverOptions } from '../http/protocol.js';
import { refusalOf } from '../http/refusals.js';
import type { HostSettings } from '../settings.js';
import { callRoute, mayRead } from './governance.js';
import type { GovernanceRoute } from './governance-route.js';
import { LogLevelSwitch } from './log-level-switch.js';
import { readiness } from './readiness.js';

const log = getLogger('management');

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
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  if (path.startsWith('/governance/'))
    return serveRoute(path.slice('/governance/'.length), request, response, settings, host, levels);
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
    routes: [levels.route, ...host.governance].map(({ method, path: below }) => `${method} /governance/${below}`),
  });
}

/** A route of the service exists once its application does. */
async function serveRoute(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  settings: HostSettings,
  host: HostState,
  levels: LogLevelSwitch,
): Promise<void> {
  const here: readonly GovernanceRoute[] = [levels.route, ...host.governance].filter((route) => route.path === path);
  if (here.length === 0)
    return host.started ? refuse(response, refusalOf(404)) : refuse(response, refusalOf(503), { 'retry-after': '1' });
  const route = here.find(({ method }) => method === request.method);
  if (!route) return refuse(response, refusalOf(405), { allow: here.map(({ method }) => method).join(', ') });
  try {
    send(response, 200, (await callRoute(route, request, settings)) ?? {});
  } catch (error) {
    const { status } = toProblem(error);
    if (status >= 500) log.error({ err: error, route: `${route.method} ${path}` }, 'governance route failed');
    refuse(response, error, {
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(status === 413 && { connection: 'close' }),
    });
  }
}

function refuse(response: ServerResponse, refusal: unknown, headers: Record<string, string> = {}): void {
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
