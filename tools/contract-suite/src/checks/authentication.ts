import { randomUUID } from 'node:crypto';
import { expectThat } from '../broken.js';
import type { Check } from '../check.js';
import { forgeries, type TokenOptions } from '../issuer.js';
import { isSigned, placeholdersOf, scopeOf, type ContractOperation, type PreparedRequest } from '../requests.js';
import type { World } from '../world.js';
import { expectProblem, type ExpectedProblem } from './problem.js';

/** Tokens that are signed well and must be refused all the same. */
const stale: Readonly<Record<string, { readonly about: string; readonly token: TokenOptions; readonly code: string }>> =
  {
    'token-expired': { about: 'an expired token', token: { expiresInSeconds: -60 }, code: 'TOKEN_EXPIRED' },
    'token-not-yet': { about: 'a token for later', token: { notBeforeInSeconds: 120 }, code: 'TOKEN_INVALID' },
    'token-issuer': {
      about: 'a token of another issuer',
      token: { issuer: 'https://elsewhere.example/oidc' },
      code: 'TOKEN_INVALID',
    },
    'token-audience': {
      about: 'a token for another audience',
      token: { audience: 'urn:other:api' },
      code: 'TOKEN_INVALID',
    },
    'token-type': { about: 'a token that is no access token', token: { typ: 'JWT' }, code: 'TOKEN_INVALID' },
  };

/** Who may send a request: tokens, scopes, signatures, and other people's resources. */
export function authenticationChecks(operation: ContractOperation): Check[] {
  const { id, contract } = operation;
  const scope = scopeOf(contract);
  if (isSigned(contract)) return signatureChecks(operation);
  if (scope === undefined) return [];
  return [
    {
      id: `${id}/token-missing`,
      about: 'a request without a token is refused',
      run: async (world) => {
        const base = await world.requests.base(operation);
        const none = await world.requests.send(base, { headers: { authorization: null } });
        expectRefusal(none, operation, { status: 401, code: 'TOKEN_MISSING' }, 'a request without a token');
        const basic = await world.requests.send(base, { headers: { authorization: 'Basic YTpi' } });
        expectRefusal(basic, operation, { status: 401, code: 'TOKEN_MISSING' }, 'a request with Basic credentials');
      },
    },
    {
      id: `${id}/token-forged`,
      about: 'a forged token is refused',
      run: async (world) => {
        const base = await world.requests.base(operation);
        for (const how of forgeries)
          await refuses(
            world,
            base,
            await world.issuer.forge(how, base.subject, { scopes: [scope] }),
            `a token ${how}`,
          );
        await refuses(world, base, 'no.token.at-all', 'a token that is none');
      },
    },
    ...Object.entries(stale).map(([name, { about, token, code }]): Check => ({
      id: `${id}/${name}`,
      about: `${about} is refused`,
      run: async (world) => {
        const base = await world.requests.base(operation);
        await refuses(world, base, await world.issuer.sign(base.subject, { scopes: [scope], ...token }), about, code);
      },
    })),
    {
      id: `${id}/scope-missing`,
      about: `a token without the scope ${scope} is refused`,
      run: async (world) => {
        const base = await world.requests.base(operation);
        for (const scopes of [[], ['openid'], [`${scope}x`]]) {
          const authorization = `Bearer ${await world.issuer.sign(base.subject, { scopes })}`;
          const answer = await world.requests.send(base, { headers: { authorization } });
          const about = `a token with the scopes ${JSON.stringify(scopes)}`;
          expectRefusal(answer, operation, { status: 403, code: 'SCOPE_MISSING' }, about);
        }
      },
    },
    ...(placeholdersOf(operation.path).length === 0 ? [] : [ownerCheck(operation, scope)]),
  ];
}

async function refuses(
  world: World,
  base: PreparedRequest,
  token: string,
  about: string,
  code = 'TOKEN_INVALID',
): Promise<void> {
  const answer = await world.requests.send(base, { headers: { authorization: `Bearer ${token}` } });
  expectRefusal(answer, base.operation, { status: 401, code }, about);
}

/** RFC 6750: a refusal says so in `WWW-Authenticate`, too. */
function expectRefusal(
  answer: Parameters<typeof expectProblem>[0],
  operation: ContractOperation,
  wanted: ExpectedProblem,
  about: string,
): void {
  expectProblem(answer, operation, wanted, about);
  expectThat(
    /^Bearer\b/.test(answer.headers['www-authenticate'] ?? ''),
    () => `${about}: the answer ${answer.status} needs WWW-Authenticate: Bearer …`,
  );
}

/** Another person’s resource is reported as missing, so that ids cannot be probed. */
const ownerCheck = (operation: ContractOperation, scope: string): Check => ({
  id: `${operation.id}/owner-only`,
  about: 'another person’s resource looks like one that does not exist',
  run: async (world) => {
    const base = await world.requests.base(operation);
    const authorization = `Bearer ${await world.issuer.sign(randomUUID(), { scopes: [scope] })}`;
    const answer = await world.requests.send(base, { headers: { authorization } });
    expectProblem(answer, operation, { status: 404, code: 'NOT_FOUND' }, 'a request of somebody else');
  },
});

const signatureChecks = (operation: ContractOperation): Check[] => [
  {
    id: `${operation.id}/signature`,
    about: 'a request without a signature, or with that of another body, is refused',
    run: async (world) => {
      const base = await world.requests.base(operation);
      const sign = world.requests.fixtureOf(operation.id).sign;
      expectThat(
        sign !== undefined,
        () => `say in the fixture, operations.${operation.id}.sign, how a request is signed`,
      );
      const names = Object.keys(sign('{}'));
      const unsigned = Object.fromEntries(names.map((name) => [name, null]));
      const wanted = { status: 401, code: 'SIGNATURE_INVALID' };
      expectProblem(await world.requests.send(base, { headers: unsigned }), operation, wanted, 'without a signature');
      const other = await world.requests.send(base, { headers: sign('{"other":true}') });
      expectProblem(other, operation, wanted, 'with the signature of another body');
    },
  },
];
