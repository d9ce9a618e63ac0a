import { createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { exportSPKI, importJWK, type JWK, type JWTPayload } from 'jose';
import type { Attack } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { codeOf } from '../judge.js';
import { sendChanged, validRequest } from '../requests.js';

/** Whole values of `Authorization`, by what is wrong with them. */
type Forgeries = Readonly<Record<string, string>>;

/** Tokens that must be refused on every route with a scope, by the gateway and by the service behind it. */
export const forgedTokens: Attack = {
  id: 'tokens/forged',
  about: 'forged tokens on every route, at the gateway and at the services themselves',
  fast: true,
  run: async (system, found) => {
    const guarded = system.routes.filter(({ scope }) => scope !== undefined);
    const forgeries = Object.entries({ ...(await unsignedForgeries(system)), ...(await signedForgeries(system)) });
    for (const [index, route] of guarded.entries()) {
      const request = await validRequest(system, route, system.victim);
      const service = system.service(route.owner);
      for (const base of [undefined, ...(service && route.owner !== 'gateway' ? [new URL(service.url)] : [])])
        for (const [how, authorization] of system.some(forgeries, 9, index)) {
          const answer = await sendChanged(system, found, request, { authorization, base });
          const refused = answer.status === 401 && codeOf(answer).startsWith('TOKEN_');
          if (!refused) found(`${route.operationId}${base ? ' of the service' : ''}: ${how} → ${answer.status}`);
          if (refused && !answer.headers['www-authenticate']?.startsWith('Bearer'))
            found(`${route.operationId}: ${how} → no WWW-Authenticate`);
        }
    }
    const lured = system.inside?.issuer.lured ?? [];
    if (lured.length > 0) found(`a header of a forged token made a verifier fetch ${lured.join(', ')}`);
  },
};

const json = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const bearer = (tokens: Readonly<Record<string, string>>): Forgeries =>
  Object.fromEntries(Object.entries(tokens).map(([how, token]) => [how, `Bearer ${token}`]));

/** What needs no key but the attacker's own: changes of a token from the issuer. */
async function unsignedForgeries(system: AttackedSystem): Promise<Forgeries> {
  const token = await system.victim.issued();
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const head = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string; alg: string };
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as JWTPayload;
  const withHead = (change: object, sig = signature): string => `${json({ ...head, ...change })}.${payload}.${sig}`;
  const withClaims = (change: object): string => `${header}.${json({ ...claims, ...change })}.${signature}`;
  return {
    ...bearer({
      'alg none, no signature': withHead({ alg: 'none' }, ''),
      'alg None, no signature': withHead({ alg: 'None' }, ''),
      'alg NONE, no signature': withHead({ alg: 'NONE' }, ''),
      'alg nOnE, signature kept': withHead({ alg: 'nOnE' }),
      'alg none, no key id': `${json({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      'an empty alg': withHead({ alg: '' }),
      'no alg': withHead({ alg: undefined }),
      'alg null': withHead({ alg: null }),
      'alg in a list': withHead({ alg: [head.alg, 'none'] }),
      'an unknown alg': withHead({ alg: 'RS257' }),
      'the subject changed': withClaims({ sub: system.stranger.id }),
      'a scope added': withClaims({ scope: `${String(claims['scope'])} catalog:write` }),
      'a longer life': withClaims({ exp: 4_102_444_800 }),
      'the subject twice': `${header}.${Buffer.from(`{"sub":"${system.stranger.id}",${JSON.stringify(claims).slice(1)}`).toString('base64url')}.${signature}`,
      'alg twice': `${Buffer.from(`{"alg":"none",${JSON.stringify(head).slice(1)}`).toString('base64url')}.${payload}.${signature}`,
      'no signature': `${header}.${payload}`,
      'an empty signature': `${header}.${payload}.`,
      'half of the signature': `${header}.${payload}.${signature.slice(0, signature.length / 2)}`,
      'a changed signature': `${header}.${payload}.${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`,
      'bytes behind the signature': `${token}AAAA`,
      'a padded signature': `${token}==`,
      'a signature in base64, not base64url': `${header}.${payload}.${Buffer.from(signature, 'base64url').toString('base64')}`,
      'a signature whose unused bits are set': otherSpelling(token),
      'a signature in hexadecimal': `${header}.${payload}.${Buffer.from(signature, 'base64url').toString('hex')}`,
      'four parts': `${token}.${signature}`,
      'five parts': `${header}.${payload}.${signature}.${signature}.${signature}`,
      'two tokens': `${token},${token}`,
      'the JSON form of JWS': json({ payload, protected: header, signature }),
      'a payload that is no JSON': `${header}.${Buffer.from('claims').toString('base64url')}.${signature}`,
      '9 KiB': `${token}${'A'.repeat(9_000)}`,
      'nothing but dots': '...',
      '“undefined”': 'undefined',
    }),
    ...bearer(await confusedForgeries(system, payload, head)),
    ...bearer(await strangerForgeries(system, payload, head)),
    'another scheme': `Basic ${token}`,
    'no scheme': token,
    'a scheme only': 'Bearer',
    'two schemes': `Basic Og==, Bearer ${token}`,
  };
}

/** The same bits, with the bits of the last character set that no byte has. RS256 leaves four. */
function otherSpelling(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return `${token.slice(0, -1)}${alphabet[alphabet.indexOf(token.at(-1)!) + 1]}`;
}

/** A verifier that lets the token choose the algorithm, or find the key, takes these. */
async function confusedForgeries(
  system: AttackedSystem,
  payload: string,
  head: { readonly kid: string },
): Promise<Readonly<Record<string, string>>> {
  const text = await (await fetch(`${system.endpoints.oidc.issuer}/jwks`)).text();
  const { keys } = JSON.parse(text) as { keys: JWK[] };
  const jwk = keys.find(({ kid }) => kid === head.kid) ?? keys[0]!;
  const pem = await exportSPKI((await importJWK(jwk, jwk.alg ?? 'RS256')) as Parameters<typeof exportSPKI>[0]);
  const hmac = (secret: string | Buffer, { alg = 'HS256', ...more }: { alg?: string; kid?: unknown } = {}): string => {
    const input = `${json({ ...head, alg, ...more })}.${payload}`;
    return `${input}.${createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url')}`;
  };
  return {
    'HS256 with the public key in PEM': hmac(pem),
    'HS256 with the public key in PEM and a line end': hmac(`${pem}\n`),
    'HS384 with the public key in PEM': hmac(pem, { alg: 'HS384' }),
    'HS512 with the public key in PEM': hmac(pem, { alg: 'HS512' }),
    'HS256 with the published key set': hmac(text),
    'HS256 with the published key': hmac(JSON.stringify(jwk)),
    'HS256 with the modulus': hmac(Buffer.from(jwk.n ?? jwk.x ?? '', 'base64url')),
    'HS256 with an empty secret': hmac(''),
    'HS256 with the key id': hmac(head.kid),
    'a key id that is a path': hmac('', { kid: '../../../../dev/null' }),
    'a key id that is SQL': hmac('a', { kid: "x' UNION SELECT 'a'; --" }),
    'a key id that is a command': hmac('', { kid: 'x|/bin/true' }),
    'a key id that is a URL': hmac('', { kid: 'http://127.0.0.1:9/key' }),
    'a key id with U+0000': hmac('', { kid: `${head.kid}\0` }),
    'a key id of __proto__': hmac('', { kid: '__proto__' }),
    'a key id that is no text': hmac('', { kid: [head.kid] }),
  };
}

/** Signed well, with the attacker's own key, which the header recommends. */
async function strangerForgeries(
  system: AttackedSystem,
  payload: string,
  head: { readonly kid: string },
): Promise<Readonly<Record<string, string>>> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'mine', use: 'sig', alg: 'RS256' };
  const rsa = (more: object): string => {
    const input = `${json({ alg: 'RS256', typ: 'at+jwt', ...more })}.${payload}`;
    return `${input}.${signWith('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  };
  const lure = system.inside?.issuer.origin ?? 'http://127.0.0.1:9';
  return {
    'another key under our key id': rsa({ kid: head.kid }),
    'another key without a key id': rsa({}),
    'another key under an unknown key id': rsa({ kid: 'mine' }),
    'its key in the header (jwk)': rsa({ kid: 'mine', jwk }),
    'its key in the header (jwk) under our key id': rsa({ kid: head.kid, jwk }),
    'the address of its keys (jku)': rsa({ kid: 'mine', jku: `${lure}/lure-jku` }),
    'the address of its certificate (x5u)': rsa({ kid: 'mine', x5u: `${lure}/lure-x5u` }),
    'its certificate in the header (x5c)': rsa({
      kid: head.kid,
      x5c: [publicKey.export({ format: 'der', type: 'spki' }).toString('base64')],
    }),
    'a critical header (crit)': rsa({ kid: head.kid, crit: ['exp'], exp: 1 }),
    'an unencoded payload (b64)': rsa({ kid: head.kid, crit: ['b64'], b64: false }),
  };
}

/** Signed with a key that every service trusts: only the claims, or the header, are wrong. */
async function signedForgeries({ inside, victim, routes }: AttackedSystem): Promise<Forgeries> {
  if (!inside) return {};
  const scopes = [...new Set(routes.flatMap(({ scope }) => scope ?? []))];
  const claims = await victim.claims(scopes);
  const { iat = 0 } = claims;
  const sign = (change: object, header = {}): Promise<string> =>
    inside.issuer.sign(JSON.parse(JSON.stringify({ ...claims, ...change })) as JWTPayload, header);
  const tokens: Readonly<Record<string, Promise<string>>> = {
    'a token that has expired': sign({ exp: iat - 60 }),
    'a token that never expires': sign({ exp: undefined }),
    'an expiry in words': sign({ exp: '4102444800' }),
    'a token for later (nbf)': sign({ nbf: iat + 120 }),
    'another audience': sign({ aud: 'urn:other:api' }),
    'other audiences': sign({ aud: ['urn:other:api', 'urn:causeway'] }),
    'no audience': sign({ aud: undefined }),
    'another issuer': sign({ iss: 'https://evil.example/oidc' }),
    'an issuer with a slash more': sign({ iss: `${String(claims.iss)}/` }),
    'no issuer': sign({ iss: undefined }),
    'no subject': sign({ sub: undefined }),
    'an empty subject': sign({ sub: '' }),
    'a subject that is no text': sign({ sub: 1 }),
    'no client': sign({ client_id: undefined }),
    'the type of an ID token': sign({}, { typ: 'JWT' }),
    'no type': sign({}, { typ: undefined }),
    'a critical header that nobody knows': sign({}, { crit: ['urn:other'], 'urn:other': true }),
  };
  return bearer(
    Object.fromEntries(
      await Promise.all(Object.entries(tokens).map(async ([how, token]) => [how, await token])),
    ) as Record<string, string>,
  );
}
