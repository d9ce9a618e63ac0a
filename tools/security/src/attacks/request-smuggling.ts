import { randomUUID } from 'node:crypto';
import type { Attack } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { RawConnection } from '../raw-connection.js';

/** Nothing more comes after this pause; a slower answer shows in the logs. */
const quietMs = 400;

/** The head of a POST whose body no route needs: it is read and refused with 401. */
const head = (host: string, ...lines: string[]): string =>
  [`POST /v1/users/me HTTP/1.1`, `Host: ${host}`, 'Content-Type: application/json', ...lines, '', ''].join('\r\n');

/**
 * Requests that two servers might take for a different number of requests. `hidden` is a whole request; its path must
 * never be seen by anybody.
 */
function ambiguous(host: string, hidden: string): Readonly<Record<string, string>> {
  const size = hidden.length;
  const chunk = `${size.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
  const behind = `0\r\n\r\n${hidden}`;
  const both = (...encoding: string[]): string => head(host, `Content-Length: ${behind.length}`, ...encoding) + behind;
  const coded = (...encoding: string[]): string => head(host, 'Content-Length: 4', ...encoding) + chunk;
  const length = (...values: string[]): string =>
    head(host, ...values.map((value) => `Content-Length: ${value}`)) + hidden;
  return {
    'both lengths, the body behind the chunks': both('Transfer-Encoding: chunked'),
    'both lengths, the body in a chunk': coded('Transfer-Encoding: chunked'),
    'an encoding that is unknown': both('Transfer-Encoding: xchunked'),
    'an encoding in quotes': both('Transfer-Encoding: "chunked"'),
    'an encoding before chunked': both('Transfer-Encoding: gzip, chunked'),
    'an encoding after chunked': both('Transfer-Encoding: chunked, identity'),
    identity: both('Transfer-Encoding: identity'),
    'chunked twice': both('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    'chunked, then another': both('Transfer-Encoding: chunked', 'Transfer-Encoding: x'),
    'another, then chunked': both('Transfer-Encoding: x', 'Transfer-Encoding: chunked'),
    'a space before the colon': both('Transfer-Encoding : chunked'),
    'a tab before the value': both('Transfer-Encoding:\tchunked'),
    'a vertical tab before the value': both('Transfer-Encoding:\x0bchunked'),
    'a NUL in the value': both('Transfer-Encoding: chunked\0'),
    'a NUL in the name': both('Transfer-Encoding\0: chunked'),
    'a line that begins with a space': both(' Transfer-Encoding: chunked'),
    'a folded line': both('Transfer-Encoding:\r\n chunked'),
    'a folded line before it': both('X: a\r\n b', 'Transfer-Encoding: chunked'),
    'a bare line feed': both('X: a\nTransfer-Encoding: chunked'),
    'a bare carriage return': both('X: a\rTransfer-Encoding: chunked'),
    'chunked in HTTP/1.0': both('Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0'),
    'two lengths': length('0', String(size)),
    'two lengths, the other way round': length(String(size), '0'),
    'two lengths in one line': length(`0, ${size}`),
    'a length with a sign': length(`+${size}`),
    'a negative length': length('-1'),
    'a length in hexadecimal': length(`0x${size.toString(16)}`),
    'a length with a space': length('1 2'),
    'a length with a point': length('0.0'),
    'an empty length': length(''),
    'a length beyond 64 bits': length('18446744073709551616'),
    'a space before the colon of the length': head(host, `Content-Length : ${size}`) + hidden,
    'a chunk size beyond 64 bits': head(host, 'Transfer-Encoding: chunked') + `FFFFFFFFFFFFFFFF1\r\n${behind}`,
    'a chunk size with 0x': head(host, 'Transfer-Encoding: chunked') + `0x0\r\n\r\n${hidden}`,
    'a chunk size with a sign': head(host, 'Transfer-Encoding: chunked') + `-1\r\n${behind}`,
    'a chunk size with a bare line feed': head(host, 'Transfer-Encoding: chunked') + `0\n\n${hidden}`,
    'a chunk without its line end': head(host, 'Transfer-Encoding: chunked') + `1\r\nZZ0\r\n\r\n${hidden}`,
    'a bare line feed in a chunk extension': head(host, 'Transfer-Encoding: chunked') + `1;a\nb\r\nZ\r\n${behind}`,
    'a header without a name': both(': x', 'Transfer-Encoding: chunked'),
    'a header without a colon': both('Transfer-Encoding chunked'),
    'all line ends bare':
      head(host, `Content-Length: ${size}`, 'Transfer-Encoding: chunked').replaceAll('\r', '') + behind,
  };
}

/**
 * Unambiguous requests whose body looks like a request: one answer each, and the body is nothing but a body.
 */
function clear(host: string, hidden: string): Readonly<Record<string, string>> {
  const get = (...lines: string[]): string =>
    ['GET /v1/users/me HTTP/1.1', `Host: ${host}`, ...lines, '', ''].join('\r\n');
  const chunk = `${hidden.length.toString(16)};a=b\r\n${hidden}\r\n0\r\n\r\n`;
  return {
    'a body of GET': get(`Content-Length: ${hidden.length}`) + hidden,
    'a chunked body of GET': get('Transfer-Encoding: chunked') + chunk,
    'a body of POST': head(host, `Content-Length: ${hidden.length}`) + hidden,
    'a chunked body of POST with extensions': head(host, 'Transfer-Encoding: chunked') + chunk,
    'a body with Expect': head(host, `Content-Length: ${hidden.length}`, 'Expect: 100-continue') + hidden,
    'a body with Connection: Content-Length':
      head(host, `Content-Length: ${hidden.length}`, 'Connection: content-length, keep-alive') + hidden,
    'a body with Transfer_Encoding':
      head(host, `Content-Length: ${hidden.length}`, 'Transfer_Encoding: chunked') + hidden,
    'a body that never ends': head(host, 'Content-Length: 9007199254740993') + hidden,
    'a body with Upgrade':
      head(
        host,
        `Content-Length: ${hidden.length}`,
        'Connection: upgrade, http2-settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
      ) + hidden,
  };
}

/** Request smuggling (RFC 9112, 11.2): nobody may find a request where another one has seen a body. */
export const requestSmuggling: Attack = {
  id: 'http/smuggling',
  about: 'two lengths, odd encodings, bare line ends, folded lines and odd chunks on raw connections',
  fast: true,
  run: async (system, found) => {
    const host = new URL(system.endpoints.gateway).host;
    const nonces = new Map<string, string>();
    const tried = async (about: string, make: (hidden: string) => string, isClear: boolean): Promise<void> => {
      const nonce = randomUUID();
      nonces.set(nonce, about);
      const hidden = `GET /v1/${nonce} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      const connection = await RawConnection.open(new URL(system.endpoints.gateway));
      system.http.requests += 1;
      connection.write(make(hidden));
      const responses = await connection.all(quietMs);
      const [, ...more] = responses.filter(({ status }) => status >= 200);
      // What is wrong behind the head shows only after the answer to it, and then the connection ends.
      const isEnd = connection.isClosed && more.length === 1 && more[0]!.status === 400;
      if (more.length > 0 && !isEnd) found(`${about}: ${responses.map(({ status }) => status).join(' and then ')}`);
      if (!isClear && responses.some(({ status }) => status < 400)) found(`${about}: it was accepted`);
      if (!isClear && !connection.isClosed) found(`${about}: the connection stays open`);
      connection.end();
    };
    const hostile = Object.keys(ambiguous(host, ''));
    await Promise.all(hostile.map((about) => tried(about, (hidden) => ambiguous(host, hidden)[about]!, false)));
    const harmless = Object.keys(clear(host, ''));
    await Promise.all(harmless.map((about) => tried(about, (hidden) => clear(host, hidden)[about]!, true)));
    await throughToServices(system, found);
    await pipelined(system, found);
    const logged = await system.logs();
    for (const [nonce, about] of nonces) if (logged.includes(nonce)) found(`${about}: the hidden request was seen`);
  },
};

/** The gateway’s own connections to a service stay in step: each answer is that of its own request. */
const throughToServices: Attack['run'] = async (system, found) => {
  const authorization = (await system.authorization({ scope: 'profile:manage' }, system.victim)) ?? '';
  const paths = Array.from({ length: 60 }, (_, index) =>
    index % 2 === 0 ? '/v1/users/me' : '/v1/users/me/addresses/x',
  );
  const answers = await Promise.all(
    paths.map((path) => system.http.send({ method: 'GET', path, headers: { authorization } })),
  );
  const expected = paths.map((path) => (path === '/v1/users/me' ? 200 : 422));
  if (answers.some(({ status }, index) => status !== expected[index]))
    found(`answers are out of step: ${answers.map(({ status }) => status).join()}`);
};

/** Pipelined requests are answered in order, one each. */
async function pipelined(system: AttackedSystem, found: (fault: string) => void): Promise<void> {
  const base = new URL(system.endpoints.gateway);
  const connection = await RawConnection.open(base);
  const paths = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? '/openapi.json' : `/v1/none-${index}`));
  connection.write(paths.map((path) => `OPTIONS ${path} HTTP/1.1\r\nHost: ${base.host}\r\n\r\n`).join(''));
  const statuses: (number | undefined)[] = [];
  for (const _ of paths) statuses.push((await connection.next())?.status);
  connection.end();
  system.http.requests += paths.length;
  if (statuses.includes(429)) return; // a target with limits of its own
  const [first, second] = statuses;
  if (first === second || statuses.some((status, index) => status !== (index % 2 === 0 ? first : second)))
    found(`pipelined requests are answered out of order: ${statuses.join()}`);
}
