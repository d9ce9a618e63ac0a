import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';

const host = '127.0.0.1';
/**
 * Where `any` port is looked for: below the ports that Linux and macOS give to outgoing connections, which come and go.
 */
const anyFrom = 20_000;
const anyTo = 30_000;

/** A TCP port of the loopback interface that no other `claimPort` on this machine returns until its release. */
export interface PortClaim {
  readonly port: number;
  release(): void;
}

/**
 * Claims a port for a server that will bind it later.
 *
 * A look whether it is free does not suffice: a second launcher may look before the first binds. The claim is the UDP
 * port of the same number, which the kernel gives to one process at a time and takes back when that process ends; a
 * lock file would outlive it.
 * @param wanted 1 to 65 535: this one, or the next that is free. Default: any.
 */
export async function claimPort(wanted?: number): Promise<PortClaim> {
  for (const port of wanted === undefined ? randomPorts() : upwards(wanted)) {
    const claim = await tryClaim(port);
    if (claim) return claim;
  }
  throw new Error(
    `no free TCP port ${wanted === undefined ? `from ${anyFrom} to ${anyTo}` : `from ${wanted} upwards`}`,
  );
}

function* upwards(from: number): Iterable<number> {
  for (let port = from; port <= 65_535; port += 1) yield port;
}

function* randomPorts(): Iterable<number> {
  for (let tries = 0; tries < 1_000; tries += 1) yield randomInt(anyFrom, anyTo);
}

async function tryClaim(port: number): Promise<PortClaim | undefined> {
  const socket = await bindUdp(port);
  if (!socket) return undefined;
  if (await isFree(port)) return { port, release: () => socket.close() };
  socket.close();
  return undefined;
}

function bindUdp(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(undefined));
    socket.bind({ port, address: host, exclusive: true }, () => resolve(socket.unref()));
  });
}

/** Whether a TCP port of the loopback interface can be bound. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
