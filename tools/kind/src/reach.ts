import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { guard } from '@causeway/launcher/guard';
import type { Endpoints } from '@causeway/demo-client';
import { namespace, type Kubectl } from './kubectl.js';
import { Refused } from './run.js';

/** The gateway and the demo's OAuth client; its redirect URI is the same whatever the address. */
export const endpointsAt = (url: string): Endpoints => ({
  gateway: url,
  oidc: { issuer: `${url}/oidc`, clientId: 'causeway-demo', redirectUri: 'http://127.0.0.1:30080/callback' },
});

/**
 * A connection to the gateway under its public address: tokens name that address as their issuer, so no other will do.
 */
export interface Route {
  /** For the person at the terminal. */
  readonly description: string;
  /** Whether each new connection may reach another pod. A port-forward stays with one pod and ends with it. */
  readonly balanced: boolean;
  close(): Promise<void>;
}

const nodePort = 30_080;

/**
 * Opens a route to the gateway: its address as it is (kind maps the port, or there is a load balancer), else a relay
 * from that address to the port of a node, else `kubectl port-forward`.
 * @throws Refused when none of them works.
 */
export async function openRoute(kubectl: Kubectl, url: string): Promise<Route> {
  if (await answers(url)) return { description: url, balanced: true, close: async () => undefined };
  const { hostname, port } = new URL(url);
  if (!/^(127\.0\.0\.1|localhost)$/.test(hostname)) {
    throw new Refused(
      `The gateway does not answer at ${url}. Give the address that leads to it with --url, also to kind:up.`,
    );
  }
  for (const address of await nodeAddresses(kubectl)) {
    if (!(await answers(`http://${address}:${nodePort}`))) continue;
    return relay(Number(port), address);
  }
  return portForward(kubectl, url, Number(port));
}

/** The keys of the issuer: public, and from behind the gateway. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/oidc/jwks`, { signal: AbortSignal.timeout(3_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

interface Node {
  readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
}

async function nodeAddresses(kubectl: Kubectl): Promise<string[]> {
  const nodes = await kubectl.list<Node>('nodes');
  return nodes
    .flatMap(({ status }) => status.addresses)
    .filter(({ type, address }) => type === 'InternalIP' && !address.includes(':'))
    .map(({ address }) => address);
}

/** Each connection is one to the port of the node, where Kubernetes picks the pod. */
export async function relay(port: number, address: string, to = nodePort): Promise<Route> {
  const server = createServer((socket) => {
    const onward = connect(to, address);
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    description: `http://127.0.0.1:${(server.address() as AddressInfo).port}, relayed to ${address}:${to}`,
    balanced: true,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function portForward(kubectl: Kubectl, url: string, port: number): Promise<Route> {
  const child = spawn(
    'kubectl',
    ['--context', kubectl.context, '--namespace', namespace, 'port-forward', 'service/gateway', `${port}:8080`],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  guard(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  for (let attempt = 0; attempt < 20 && child.exitCode === null; attempt += 1) {
    await sleep(500);
    if (await answers(url))
      return { description: `${url}, by kubectl port-forward`, balanced: false, close: () => end(child) };
  }
  await end(child);
  throw new Refused(
    `The gateway answers neither at ${url}, nor at port ${nodePort} of a node, nor through kubectl port-forward: ${said.trim()}`,
  );
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await ended;
}
