import { managementEndpoints } from '@causeway/contracts';
import type { Attack } from '../attack.js';
import { RawConnection, type WireResponse } from '../raw-connection.js';

const guarded = ['/v1/users/me', '/v1/users/me/addresses'];
/** What only the management ports have, which no way through the gateway may reach. */
const internal = managementEndpoints.map(({ path }) => path);

/** Other spellings of a guarded path: each must be refused without a token, whoever resolves it. */
const spellings = (path: string): readonly string[] => [
  path,
  `/.${path}`,
  `/x/..${path}`,
  `/docs/..${path}`,
  `/oidc/..${path}`,
  `/oidc/%2e%2e${path}`,
  `/oidc/..%2f${path.slice(1)}`,
  `/oidc/%2e%2e%2f${path.slice(1)}`,
  `/oidc/%252e%252e${path}`,
  `/oidc/..%5c${path.slice(1)}`,
  `/oidc/..;${path}`,
  `/oidc/..;x=1${path}`,
  `/oidc\\..${path}`,
  `/.well-known/openid-configuration/..${path}`,
  `/${path}`,
  `//${path}`,
  path.replaceAll('/', '//'),
  path.replaceAll('/', '\\'),
  path.replaceAll('/', '%2f'),
  path.replaceAll('/', '%5c'),
  path.replaceAll('/', '/./'),
  path.toUpperCase(),
  path.replace('users', '%75sers'),
  path.replace('users', '%2575sers'),
  path.replace('users', 'users;jsessionid=1'),
  path.replace('users', 'users%00'),
  `${path}/`,
  `${path}/.`,
  `${path}/..`,
  `${path}%00`,
  `${path}%00.json`,
  `${path};.css`,
  `${path}.json`,
  `${path}?x=/..`,
  `${path}#`,
  `${path}%20`,
  `${path}%0a`,
  `http://127.0.0.1${path}`,
  `http://evil.example${path}`,
  `HTTP://evil.example:80${path}`,
  `http://user:password@127.0.0.1${path}`,
  `https://127.0.0.1${path}`,
  `http:${path}`,
  `http://${path}`,
  `//evil.example${path}`,
  `ftp://127.0.0.1${path}`,
];

const methods = ['PUT', 'POST', 'PATCH', 'DELETE', 'GET', 'PROPFIND', 'SEARCH', 'COPY', 'QUERY'];

/** No request target at all, or one of another kind. */
const strange: readonly (readonly [method: string, target: string])[] = [
  ['GET', 'evil.example:80'],
  ['CONNECT', 'evil.example:80'],
  ['CONNECT', '127.0.0.1:22'],
  ['OPTIONS', '*'],
  ['GET', '*'],
  ['GET', ''],
  ['GET', '?'],
  ['GET', '//'],
  ['GET', '/%'],
  ['GET', '/%zz'],
  ['GET', '/%c0%af'],
  ['GET', '/\u00e9'],
  ['GET', '/\0'],
  ['GET', '/ HTTP/1.1 /x'],
  ['TRACE', '/v1/users/me'],
  ['TRACK', '/v1/users/me'],
  ['DEBUG', '/v1/users/me'],
  ['PRI', '*'],
];

/** Whether path and router, or gateway and service, read one address in two ways (OWASP A01). */
export const pathTricks: Attack = {
  id: 'http/paths',
  about: 'dot segments, double slashes and encodings, absolute and authority forms, matrix parameters, U+0000',
  fast: true,
  run: async ({ http, endpoints, routes, thorough }, found) => {
    const base = new URL(endpoints.gateway);
    const ask = async (method: string, target: string): Promise<WireResponse | undefined> => {
      http.requests += 1;
      const connection = await RawConnection.open(base);
      connection.write(`${method} ${target} HTTP/1.1\r\nHost: ${base.host}\r\nConnection: close\r\n\r\n`);
      const response = await connection.next();
      connection.end();
      if (!response) found(`${method} ${target}: no answer`);
      else if (response.status >= 500 && response.status !== 501) found(`${method} ${target} → ${response.status}`);
      else if (response.status >= 300 && response.status < 400 && leadsAway(response, base))
        found(`${method} ${target} redirects to ${response.headers['location']}`);
      return response;
    };
    const paths = thorough ? [...guarded, ...internal] : guarded.slice(0, 1);
    for (const path of paths)
      for (const target of spellings(path)) {
        const response = await ask('GET', target);
        if (response && response.status < 400) found(`GET ${target} → ${response.status} without a token`);
      }
    for (const path of new Set(routes.map((route) => route.path)))
      for (const method of thorough ? methods : methods.slice(0, 1)) {
        if (routes.some((route) => route.path === path && route.method.toUpperCase() === method)) continue;
        const response = await ask(method, path.replaceAll(/\{\w+\}/g, 'a'));
        if (response && response.status < 400) found(`${method} ${path}, which is no operation → ${response.status}`);
      }
    for (const [method, target] of strange) {
      const response = await ask(method, target);
      if (response && response.status < 400) found(`${method} ${target} → ${response.status}`);
    }
  },
};

const leadsAway = ({ headers }: WireResponse, base: URL): boolean =>
  URL.parse(headers['location'] ?? '', base.href)?.host !== base.host;
