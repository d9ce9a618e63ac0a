// demo
import { demoProtections } from '../demo/protections.js';
// end demo
import { identityProtections } from './identity-protections.js';

/** A protection, how to take it away, and the attack that must then find something. */
export interface Protection {
  /** For the report: "the audience of a token is checked". */
  readonly about: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Text that is in the file once. */
  readonly search: string;
  readonly replacement: string;
  /** Id of the attack. */
  readonly attack: string;
  /** Seen by the whole attack only, not by the part of it in `npm test`. */
  readonly thorough?: boolean;
}

const http = 'libs/service-host/src/http';
const governance = 'libs/service-host/src/health/governance.ts';

/** Everything that is taken away once by `npm run test:security -- --prove`. */
export const protections: readonly Protection[] = [
  {
    about: 'an address belongs to its user, in every statement',
    file: 'apps/user/src/addresses/addresses.ts',
    search: '=> ({ id, userId })',
    replacement: '=> ({ id, ...(userId === id && { userId }) })',
    attack: 'authorization/other-customer',
  },
  {
    about: 'a body with unknown fields is refused',
    file: 'libs/contracts/src/http/users.ts',
    search: 'export const changeUserBody = z.strictObject(',
    replacement: 'export const changeUserBody = z.object(',
    attack: 'input/mass-assignment',
  },
  {
    about: 'text that PostgreSQL cannot store is refused',
    file: 'libs/contracts/src/text.ts',
    search: "value.isWellFormed() && !value.includes('\\0')",
    replacement: 'value.length >= 0',
    attack: 'input/hostile-text',
  },
  {
    about: 'a body that is no UTF-8 is refused',
    file: `${http}/body-parser.ts`,
    search: "if (!isUtf8(body)) throw malformedBody('The body is not valid UTF-8.');",
    replacement: '',
    attack: 'input/hostile-text',
  },
  {
    about: 'a compressed body is refused',
    file: `${http}/body-parser.ts`,
    search: "if (coding.toLowerCase() !== 'identity')",
    replacement: 'if (coding.length < 0)',
    attack: 'http/floods',
  },
  {
    about: 'a body has a limit',
    file: `${http}/server.ts`,
    search: 'bodyLimit: settings.BODY_LIMIT_BYTES',
    replacement: 'bodyLimit: 100_000_000',
    attack: 'http/floods',
  },
  {
    about: 'an address has a limit',
    file: `${http}/head-refusal.ts`,
    search: 'if (url.length > maxUriBytes) return refusalOf(414);',
    replacement: '',
    attack: 'http/floods',
  },
  {
    about: 'headers have a limit',
    file: `${http}/head-refusal.ts`,
    search: 'if (bytes > maxHeadersBytes) return refusalOf(431);',
    replacement: '',
    attack: 'http/floods',
  },
  {
    about: 'CONNECT is answered, and leads nowhere',
    file: `${http}/protocol.ts`,
    search: "server.on('connect', (_request, socket) => refuse(socket.resume(), 501));",
    replacement: "server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\\r\\n\\r\\n'));",
    attack: 'http/paths',
  },
  {
    about: 'requests are parsed strictly',
    file: `${http}/protocol.ts`,
    search: 'requireHostHeader: false,',
    replacement: 'requireHostHeader: false, insecureHTTPParser: true,',
    attack: 'http/smuggling',
  },
  {
    about: 'headers and bodies must arrive in time',
    file: `${http}/protocol.ts`,
    search: 'headersTimeout: 15_000,\n  requestTimeout: 30_000,',
    replacement: 'headersTimeout: 0,\n  requestTimeout: 0,',
    attack: 'http/slow-clients',
  },
  {
    about: 'a trace begins at the edge',
    file: `${http}/request-scope.ts`,
    search: 'if (!edge) return { parent: caller',
    replacement: 'if (caller) return { parent: caller',
    attack: 'http/forwarded-headers',
  },
  {
    about: 'a problem document says everything',
    file: 'libs/errors/src/problem.ts',
    search: '    detail: error.message,\n',
    replacement: '',
    attack: 'fuzz/changeMe',
  },
  {
    about: 'no answer takes longer than 2 s',
    file: `${http}/request-scope.ts`,
    search: 'bind(scope, () => next(headRefusal(request.raw) ?? refusal(scope, this.host)));',
    replacement:
      "const late = request.method === 'GET' && request.url.startsWith('/v1/users/me/addresses') ? 2_100 : 0;\n" +
      'setTimeout(() => bind(scope, () => next(headRefusal(request.raw) ?? refusal(scope, this.host))), late);',
    attack: 'fuzz/listAddresses',
  },
  {
    about: 'nothing is kept of a request that has ended',
    file: `${http}/body-parser.ts`,
    search: 'request.rawBody = body;',
    replacement:
      'request.rawBody = body; ((globalThis as { kept?: Buffer[] }).kept ??= []).push(Buffer.alloc(4_194_304, 1));',
    attack: 'input/mass-assignment',
  },
  ...identityProtections,
  {
    about: 'the management port changes nothing without its token',
    file: governance,
    search: 'if (!mayChange(request, tokens)) throw refusalOf(401)!;',
    replacement: '',
    attack: 'management/routes',
  },
  {
    about: 'who reads at the management port changes nothing',
    file: governance,
    search: 'if (!mayChange(request, tokens))',
    replacement: 'if (!mayRead(request, tokens))',
    attack: 'management/routes',
  },
  {
    about: 'a route is open to its scope alone',
    file: 'libs/auth/src/principal.ts',
    search: 'if (!scopes.some((scope) => principal.scopes.has(scope)))',
    replacement: 'if (scopes.length < 0)',
    attack: 'authorization/other-customer',
  },
  {
    about: 'a service publishes what is its own',
    file: 'tools/system/src/topology/nats-permissions.ts',
    search: '...[...events, ...sends].map(({ subject }) => subject),',
    replacement: "'>',",
    attack: 'rights/broker',
  },
  {
    about: 'a service runs without rights on its schema',
    file: 'tools/launcher/src/postgres-database.ts',
    search: "await client.query('REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC');",
    replacement: 'await client.query(`ALTER ROLE ${quoted} SUPERUSER`);',
    attack: 'rights/database',
  },
  // demo
  ...demoProtections,
  // end demo
];
