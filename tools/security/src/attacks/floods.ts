import { gzipSync } from 'node:zlib';
import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { RawConnection } from '../raw-connection.js';
import { codeOf } from '../judge.js';
import { sendChanged, validRequest } from '../requests.js';

/** More than any limit, in headers, addresses and bodies: refused early, and with the code that says why. */
export const floods: Attack = {
  id: 'http/floods',
  about: 'too many and too long headers (431), long addresses (414), large, deep, compressed and odd bodies',
  fast: true,
  run: async (system, found) => {
    await heads(system, found);
    for (const [index, route] of system.routes.filter(({ body }) => body).entries()) {
      const request = await validRequest(system, route, await system.spare(route));
      for (const [about, [allowed, change]] of system.some(
        Object.entries(bodies(request.body, 'signed' in route && route.signed === true)),
        5,
        index,
      )) {
        const answer = await sendChanged(system, found, request, change);
        if (!allowed.includes(answer.status) && ![409, 412].includes(answer.status))
          found(`${route.operationId}: ${about} → ${answer.status} ${codeOf(answer)}, not ${allowed.join(' or ')}`);
      }
    }
  },
};

/** Each is sent on a connection of its own; the connection ends with the refusal. */
async function heads(system: AttackedSystem, found: Found): Promise<void> {
  const base = new URL(system.endpoints.gateway);
  const get = (path: string, ...lines: string[]): string =>
    [`GET ${path} HTTP/1.1`, `Host: ${base.host}`, ...lines, '', ''].join('\r\n');
  const cases: readonly (readonly [about: string, status: number, bytes: string])[] = [
    ['2 000 headers', 431, get('/v1/users/me', ...Array.from({ length: 2_000 }, (_, index) => `X-${index}: a`))],
    ['a header of 20 KiB', 431, get('/v1/users/me', `X: ${'a'.repeat(20_480)}`)],
    ['a header of 200 KiB', 431, get('/v1/users/me', `X: ${'a'.repeat(204_800)}`)],
    ['a cookie of 20 KiB', 431, get('/oidc/auth', `Cookie: a=${'a'.repeat(20_480)}`)],
    ['a header name of 20 KiB', 431, get('/v1/users/me', `${'X'.repeat(20_480)}: a`)],
    ['an address of 9 KiB', 414, get(`/v1/${'a'.repeat(9_216)}`)],
    ['a query of 9 KiB', 414, get(`/oidc/auth?state=${'a'.repeat(9_216)}`)],
    ['an address of 200 KiB', 414, get(`/v1/${'a'.repeat(204_800)}`)],
    ['an address of 4 000 segments', 404, get('/a'.repeat(4_000))],
    ['1 000 parameters', 404, get(`/v1/none?${'a=1&'.repeat(1_000)}`)],
    ['10 000 commas in Accept', 401, get('/v1/users/me', `Accept: ${','.repeat(10_000)}`)],
    ['5 000 ranges', 401, get('/v1/users/me', `Range: bytes=${'0-,'.repeat(5_000)}`)],
  ];
  for (const [about, status, bytes] of cases) {
    const connection = await RawConnection.open(base);
    connection.write(bytes);
    const response = await connection.next();
    connection.end();
    system.http.requests += 1;
    if (response?.status !== status && response?.status !== limited)
      found(`${about} → ${response?.status ?? 'no answer'}, not ${status}`);
  }
}

/** What a target with limits of its own may say as well. */
const limited = 429;

type Case = readonly [allowed: readonly number[], change: Parameters<typeof sendChanged>[3]];

/** @param isOpen Whether the body may have fields that we do not know: a webhook of somebody else. */
function bodies(valid: unknown, isOpen: boolean): Readonly<Record<string, Case>> {
  const text = JSON.stringify(valid);
  const inside = (more: string): string => `{"a77a":${more},${text.slice(1)}`;
  const refused = [400, 413, 422, ...(isOpen ? [204] : [])];
  const bytes = (content: Buffer, coding: string): Case => [
    [415],
    { raw: content, headers: { 'content-encoding': coding } },
  ];
  return {
    '300 KiB': [[413], { raw: inside(`"${'a'.repeat(307_200)}"`) }],
    '300 KiB of spaces': [[413], { raw: `${' '.repeat(307_200)}${text}` }],
    'a list in 100 000 lists': [refused, { raw: inside('['.repeat(100_000) + ']'.repeat(100_000)) }],
    '100 000 lists that never close': [[400], { raw: '['.repeat(100_000) }],
    '25 000 objects in one another': [refused, { raw: inside('{"a":'.repeat(25_000) + '1' + '}'.repeat(25_000)) }],
    'a list of 100 000 numbers': [refused, { raw: inside(`[${'0,'.repeat(99_999)}0]`) }],
    '10 000 fields': [
      refused,
      { raw: `{${Array.from({ length: 10_000 }, (_, index) => `"f${index}":1,`).join('')}${text.slice(1)}` },
    ],
    'a number of 1 000 digits': [refused, { raw: inside('9'.repeat(1_000)) }],
    'a number beyond infinity': [refused, { raw: inside('1e99999') }],
    'a field a thousand times': [refused, { raw: `{${'"a77a":1,'.repeat(1_000)}${text.slice(1)}` }],
    gzip: bytes(gzipSync(text), 'gzip'),
    'a bomb of 20 MiB in gzip': bytes(gzipSync(Buffer.alloc(20_971_520, 32)), 'gzip'),
    'an unknown coding': bytes(Buffer.from(text), 'br, x'),
    'another content type': [
      [415],
      {
        headers: { 'content-type': 'application/xml' },
        raw: '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
      },
    ],
    'two content types': [[415, 400], { headers: { 'content-type': 'text/plain, application/json' } }],
    // 202 where a body may be left out.
    'no content': [[400, 422, 202], { raw: '' }],
    null: [[400, 422, 202], { raw: 'null' }],
    // A reader may ignore it (RFC 8259, 8.1).
    'a byte order mark': [[400, 422, 200, 201, 202, 204], { raw: `\ufeff${text}` }],
    'a second document': [[400], { raw: `${text}${text}` }],
    NaN: [[400], { raw: inside('NaN') }],
    'a comment': [[400], { raw: `/* */${text}` }],
  };
}
