import type { Attack } from '../attack.js';
import { RawConnection } from '../raw-connection.js';

const connections = 200;
const minuteMs = 60_000;
const everyMs = 1_000;

/** Slowloris and its relatives: what sends a byte now and then must neither hold a socket nor keep others waiting. */
export const slowClients: Attack = {
  id: 'http/slow-clients',
  about: '200 half-open connections for a minute, with slow headers, slow bodies or silence, while others are served',
  run: async (system, found) => {
    const base = new URL(system.endpoints.gateway);
    const authorization = `Bearer ${await system.victim.issued()}`;
    const begin: readonly string[] = [
      '',
      `GET /v1/users/me HTTP/1.1\r\nHost: ${base.host}\r\nX-A: `,
      `POST /v1/users HTTP/1.1\r\nHost: ${base.host}\r\nContent-Type: application/json\r\nIdempotency-Key: a\r\nContent-Length: 1000\r\n\r\n{`,
      `POST /v1/users HTTP/1.1\r\nHost: ${base.host}\r\nContent-Type: application/json\r\nIdempotency-Key: b\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ];
    const half = await Promise.all(
      Array.from({ length: connections }, async (_, index) => {
        const connection = await RawConnection.open(base);
        connection.write(begin[index % begin.length]!);
        return connection;
      }),
    );
    system.http.requests += connections;
    const drip = setInterval(() => {
      half.forEach((connection, index) => {
        if (index % begin.length !== 0) connection.write(index % begin.length === 3 ? '1\r\n \r\n' : ' ');
      });
    }, everyMs);
    const refused = new Set<number>();
    try {
      for (const endAt = performance.now() + minuteMs; performance.now() < endAt;) {
        const { status } = await system.http.send({ method: 'GET', path: '/v1/users/me', headers: { authorization } });
        if (status !== 200) refused.add(status);
        await new Promise((resolve) => setTimeout(resolve, everyMs / 4));
      }
    } finally {
      clearInterval(drip);
    }
    if (refused.size > 0) found(`meanwhile others were answered with ${[...refused].join()}`);
    const open = half.filter(({ isClosed }) => !isClosed).length;
    if (open > 0) found(`${open} of ${connections} half-open connections are still open after a minute`);
    for (const connection of half) connection.end();
  },
};
