import { scopesOf } from '@causeway/contracts';
import { decodeJwt } from 'jose';
import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { AttackerBrowser } from '../browser.js';
import type { AttackAnswer } from '../client.js';

/** What programs ask the issuer: more than they may have, for others, or without saying who they are. */
export const tokenEndpoint: Attack = {
  id: 'identity/token-endpoint',
  about: 'grants and scopes that nobody gave, foreign audiences, guessed secrets, introspection, revocation for others',
  fast: true,
  run: async (system, found) => {
    await grants(system, found);
    await scopesBeyond(system, found);
    await introspection(system, found);
    await revocation(system, found);
  },
};

type Fields = Readonly<Record<string, string>>;

const post = ({ http }: AttackedSystem, path: string, fields: Fields, authorization?: string): Promise<AttackAnswer> =>
  http.send({
    method: 'POST',
    path: `/oidc${path}`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(authorization !== undefined && { authorization }),
    },
    body: new URLSearchParams(fields).toString(),
  });

const basic = (id: string, secret: string): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const machine = 'causeway-ops';

/** Flows that nobody has, and a machine whose secret is guessed. */
async function grants(system: AttackedSystem, found: Found): Promise<void> {
  const { clientId } = system.endpoints.oidc;
  const { email, password } = system.victim;
  const token = await system.victim.issued();
  const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const refused: Readonly<Record<string, readonly [fields: Fields, authorization?: string]>> = {
    'a password': [{ grant_type: 'password', client_id: clientId, username: email, password }],
    'client credentials of a public client': [{ grant_type: 'client_credentials', client_id: clientId }],
    'a token exchange': [
      { grant_type: exchange, client_id: clientId, subject_token: token, subject_token_type: 'access_token' },
    ],
    'a signed assertion': [
      { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', client_id: clientId, assertion: token },
    ],
    'a device code': [
      { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: clientId, device_code: 'a' },
    ],
    'an access token as refresh token': [{ grant_type: 'refresh_token', client_id: clientId, refresh_token: token }],
    'a machine without its secret': [{ grant_type: 'client_credentials', client_id: machine }],
    'a machine with an empty secret': [{ grant_type: 'client_credentials' }, basic(machine, '')],
    'a machine with a guessed secret': [{ grant_type: 'client_credentials' }, basic(machine, 'secret')],
    'a machine with its secret in the form': [
      { grant_type: 'client_credentials', client_id: machine, client_secret: secretOf(system) },
    ],
    'a machine with an assertion of nobody': [
      {
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(`{"iss":"${machine}","sub":"${machine}"}`).toString('base64url')}.`,
      },
    ],
  };
  for (const [about, [fields, authorization]] of Object.entries(refused)) {
    const answer = await post(system, '/token', fields, authorization);
    if (answer.status < 400) found(`${about} → ${answer.status}`);
  }
}

/** A random one where the system is not ours. */
const secretOf = ({ inside }: AttackedSystem): string => inside?.system.oidc.machineSecret ?? 'a'.repeat(32);

/** Who asks for everything gets what their role has, at the sign-in, at a refresh and as a machine. */
async function scopesBeyond(system: AttackedSystem, found: Found): Promise<void> {
  const { email, password } = await system.newcomer();
  const everything = [...new Set(Object.values(scopesOf).flat())];
  const scope = everything.join(' ');
  const check = (about: string, { text }: AttackAnswer, allowed: readonly string[]): void => {
    const { access_token } = JSON.parse(text || '{}') as { access_token?: string };
    const had = access_token ? String(decodeJwt(access_token)['scope'] ?? '').split(' ') : [];
    const beyond = had.filter((each) => each !== '' && !allowed.includes(each));
    if (beyond.length > 0) found(`${about} gets ${beyond.join(' ')}`);
  };
  const customer = ['openid', ...scopesOf.customer];
  const browser = new AttackerBrowser(system);
  const asked = { scope: `openid ${scope}`, role: 'operator', claims: '{"id_token":{"role":null}}' };
  const signedIn = await browser.exchange(await browser.code(email, password, asked), { scope: `openid ${scope}` });
  check('a customer who asks for every scope', signedIn, customer);
  const refreshToken = (JSON.parse(signedIn.text) as { refresh_token?: string }).refresh_token ?? '';
  check('a refresh that asks for every scope', await browser.refresh(refreshToken, { scope }), customer);
  const elsewhere = new AttackerBrowser(system);
  const foreign = await elsewhere.get(elsewhere.authorizationPath({ resource: 'urn:other:api' }));
  if (foreign.text.includes('<form')) found('an authorization request for another audience is accepted');
  if (!system.inside) return;
  const credentials = { grant_type: 'client_credentials', scope };
  check(
    'a machine that asks for every scope',
    await post(system, '/token', credentials, basic(machine, secretOf(system))),
    scopesOf.machines,
  );
}

/** What a token is, is told to machines alone; and of what is no access token of ours, nothing. */
async function introspection(system: AttackedSystem, found: Found): Promise<void> {
  const { victim, inside } = system;
  const token = await victim.issued();
  const strangers: Readonly<Record<string, readonly [fields: Fields, authorization?: string]>> = {
    'no client': [{}],
    'a public client': [{ client_id: system.endpoints.oidc.clientId }],
    'a public client with a secret': [{}, basic(system.endpoints.oidc.clientId, 'a')],
    'a machine without its secret': [{ client_id: machine }],
    'a machine with a guessed secret': [{}, basic(machine, 'secret')],
    'the bearer of the token': [{}, `Bearer ${token}`],
  };
  for (const [about, [fields, authorization]] of Object.entries(strangers)) {
    const { status, text } = await post(system, '/token/introspection', { token, ...fields }, authorization);
    if (status < 400 || /active|sub/.test(text)) found(`introspection by ${about} → ${status} ${text.slice(0, 80)}`);
  }
  if (!inside) return;
  const own = basic(machine, secretOf(system));
  const [head = '', payload = '', signature = ''] = token.split('.');
  const browser = new AttackerBrowser(system);
  const tokens = JSON.parse((await browser.exchange(await browser.code(victim.email, victim.password))).text) as {
    id_token: string;
    refresh_token: string;
  };
  const inactive: Fields = {
    'a token without signature': `${head}.${payload}.`,
    'alg none': `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`,
    'a changed token': `${head}.${payload}.${signature.slice(0, -4)}AAAA`,
    'a token that another key has signed': await inside.issuer.sign(await victim.claims(['profile:manage'])),
    'an ID token': tokens.id_token,
    'a refresh token': tokens.refresh_token,
    nonsense: 'a.b.c',
    'U+0000': '\0',
  };
  for (const [about, each] of Object.entries(inactive)) {
    const { status, text } = await post(system, '/token/introspection', { token: each }, own);
    if (status === 0 || status >= 500 || text.includes('"active":true') || text.includes('"sub"'))
      found(`introspection of ${about} → ${status} ${text.slice(0, 80)}`);
  }
  const { text } = await post(system, '/token/introspection', { token }, own);
  if (!text.includes('"active":true')) found(`introspection of a good token → ${text.slice(0, 80)}`);
}

/** Nobody ends what belongs to another client. */
async function revocation(system: AttackedSystem, found: Found): Promise<void> {
  const { email, password } = system.victim;
  const browser = new AttackerBrowser(system);
  const { text } = await browser.exchange(await browser.code(email, password));
  const token = (JSON.parse(text) as { refresh_token: string }).refresh_token;
  await post(system, '/token/revocation', { token, client_id: 'causeway-docs' });
  await post(system, '/token/revocation', { token }, basic(machine, 'secret'));
  if (system.inside) await post(system, '/token/revocation', { token }, basic(machine, secretOf(system)));
  const { status } = await browser.refresh(token);
  if (status !== 200) found(`another client has revoked a refresh token: it answers ${status}`);
}
