import { createServer } from 'node:net';

/** Whether a TCP port of the loopback interface can be bound. */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port the system considers free at the moment. */
export function anyFreePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * The wanted port, or the next one that is free.
 * @param wanted 1 to 65 535; 0 takes any.
 * @param taken Ports promised to others already; the chosen port is added.
 */
export async function nextFreePort(wanted: number, taken: Set<number> = new Set()): Promise<number> {
  if (wanted === 0) {
    let port = await anyFreePort();
    while (taken.has(port)) port = await anyFreePort();
    taken.add(port);
    return port;
  }
  for (let port = wanted; port <= 65_535; port += 1) {
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(`no free TCP port from ${wanted} upwards`);
}
