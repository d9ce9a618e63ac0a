import { createHmac, randomBytes } from 'node:crypto';
import { IdentityUnavailable, TokenExpired, TokenInvalid, TokenMissing, TokenVerifier } from './index.js';
import { TestIssuer } from './testing/index.js';

let issuer: TestIssuer;
let clockMs = 0;
let skewMs = 0;
beforeEach(async () => {
  issuer = await TestIssuer.start();
  clockMs = 1_000_000;
  skewMs = 0;
});
afterEach(() => issuer.close());

/** Key ages follow `clockMs`; token expiry follows the wall clock plus `skewMs`. */
const verifier = (options = {}) =>
  new TokenVerifier(issuer.settings, { now: () => clockMs, date: () => Date.now() + skewMs, ...options });

/** Waits for what happens in the background. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

const untilRefused = (subject: TokenVerifier, token: string): Promise<void> =>
  until(() =>
    subject.verify(token).then(
      () => false,
      (error: unknown) => error instanceof TokenInvalid,
    ),
  );

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  test('names its person, client, scopes and expiry', async () => {
    const token = await issuer.sign('user-1', { scopes: ['orders:manage', 'profile:manage'], expiresInSeconds: 60 });
    const expiresAt = expect.closeTo(Date.now() / 1_000 + 60, -1) as number;
    expect(await verifier().verify(token)).toEqual({
      subject: 'user-1',
      clientId: 'client',
      scopes: new Set(['orders:manage', 'profile:manage']),
      kind: 'person',
      expiresAt,
    });
  });

  test('that a client obtained for itself belongs to a machine', async () => {
    const token = await issuer.sign('ops', { clientId: 'ops' });
    expect(await verifier().verify(token)).toMatchObject({ subject: 'ops', kind: 'machine', scopes: new Set() });
  });

  test.each([
    ['of another issuer', { issuer: 'https://evil.example' }],
    ['for another audience', { audience: 'urn:other' }],
    ['that is an ID token', { typ: 'JWT' }],
  ])('%s is not valid', async (_, claims) => {
    await expect(verifier().verify(await issuer.sign('user-1', claims))).rejects.toThrow(TokenInvalid);
  });

  test('that has expired is refused; clocks may differ by 5 s', async () => {
    await expect(verifier().verify(await issuer.sign('user-1', { expiresInSeconds: -10 }))).rejects.toThrow(
      TokenExpired,
    );
    await expect(verifier().verify(await issuer.sign('user-1', { expiresInSeconds: -2 }))).resolves.toBeDefined();
  });

  test.each(['', 'x', 'a.b.c', 'x'.repeat(9_000)])('that is malformed (%#) is not valid', async (text) => {
    await expect(verifier().verify(text)).rejects.toThrow(TokenInvalid);
  });

  test('with a changed payload is not valid, even after the real one was seen', async () => {
    const subject = verifier();
    const token = await issuer.sign('user-1');
    await subject.verify(token);
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const forged = [header, encode({ ...claims, sub: 'user-2' }), signature].join('.');
    await expect(subject.verify(forged)).rejects.toThrow(TokenInvalid);
  });

  test('that is not signed, or signed with the public key as a secret, is not valid', async () => {
    const [header, payload] = (await issuer.sign('user-1')).split('.') as [string, string];
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const unsigned = `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${payload}.`;
    await expect(verifier().verify(unsigned)).rejects.toThrow(TokenInvalid);
    const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${payload}`;
    const keys = await (await fetch(issuer.settings.AUTH_JWKS_URL)).text();
    const confused = `${input}.${createHmac('sha256', keys).update(input).digest('base64url')}`;
    await expect(verifier().verify(confused)).rejects.toThrow(TokenInvalid);
  });

  test('has one spelling: a signature with padding, another alphabet or stray bits is not valid', async () => {
    const token = await issuer.sign('user-1');
    const [signature = ''] = token.split('.').slice(-1);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const stray = alphabet[alphabet.indexOf(signature.at(-1)!) + 1]!;
    const base64 = Buffer.from(signature, 'base64url').toString('base64');
    for (const other of [`${signature}==`, base64, signature.slice(0, -1) + stray])
      await expect(verifier().verify(token.slice(0, -signature.length) + other)).rejects.toThrow(TokenInvalid);
  });

  test('of an attacker who uses our key id is not valid', async () => {
    const stranger = await TestIssuer.start();
    const token = await stranger.sign('user-1', { issuer: issuer.settings.AUTH_ISSUER });
    await stranger.close();
    await expect(verifier().verify(token)).rejects.toThrow(TokenInvalid);
  });
});

describe('an Authorization header', () => {
  test.each([undefined, '', 'Bearer', 'Bearer ', 'Basic dTpw', 'token'])('%j has no token', async (header) => {
    await expect(verifier().authenticate(header)).rejects.toThrow(TokenMissing);
  });

  test('may spell the scheme in any case', async () => {
    const token = await issuer.sign('user-1');
    expect(await verifier().authenticate(`bearer ${token}`)).toMatchObject({ subject: 'user-1' });
  });
});

describe('a verified token', () => {
  test('is remembered: the same principal, without another verification', async () => {
    const subject = verifier();
    const token = await issuer.sign('user-1');
    expect(await subject.verify(token)).toBe(await subject.verify(token));
  });

  test('is forgotten when it expires', async () => {
    const subject = verifier();
    const token = await issuer.sign('user-1', { expiresInSeconds: 60 });
    await subject.verify(token);
    skewMs = 70_000;
    await expect(subject.verify(token)).rejects.toThrow(TokenExpired);
  });

  test('is refused a minute after its key has vanished, even if nobody brings a token with another key', async () => {
    const subject = verifier();
    const token = await issuer.sign('user-1', { expiresInSeconds: 86_400 });
    await subject.verify(token);
    await issuer.rotate({ forget: true });
    clockMs += 59_000;
    await subject.verify(token);
    expect(issuer.reads).toBe(1);
    clockMs += 2_000;
    // The fetch is in the background: it is this call that starts it.
    await subject.verify(token);
    await until(() => issuer.reads === 2);
    await untilRefused(subject, token);
  });

  test('is not remembered if its key vanishes while it is verified', async () => {
    const subject = verifier();
    const token = await issuer.sign('user-1');
    await subject.verify(await issuer.sign('user-2'));
    await issuer.rotate({ forget: true });
    clockMs += 61_000;
    // Starts the fetch, and passes with the keys of before, whichever of the two ends first.
    await subject.verify(token);
    await until(() => issuer.reads === 2);
    await untilRefused(subject, token);
  });

  test('outlives a new key, and one that is fetched again', async () => {
    const subject = verifier();
    const token = await issuer.sign('user-1');
    const principal = await subject.verify(token);
    await issuer.rotate();
    clockMs += 11_000;
    await subject.verify(await issuer.sign('user-2'));
    expect(issuer.reads).toBe(2);
    expect(await subject.verify(token)).toBe(principal);
  });

  test('is evicted by newer ones when the cache is full', async () => {
    const subject = verifier({ cacheSize: 2 });
    const tokens = await Promise.all(['a', 'b', 'c'].map((name) => issuer.sign(name)));
    const first: unknown[] = [];
    for (const token of tokens) first.push(await subject.verify(token));
    const again: unknown[] = [];
    for (const token of [...tokens].reverse()) again.unshift(await subject.verify(token));
    expect(again.map((principal, index) => principal === first[index])).toEqual([false, true, true]);
  });
});

describe('the keys of the issuer', () => {
  test('are fetched once for concurrent requests', async () => {
    const subject = verifier();
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => issuer.sign(`user-${index}`)));
    await Promise.all(tokens.map((token) => subject.verify(token)));
    expect(issuer.reads).toBe(1);
  });

  test('are fetched again for a new key', async () => {
    const subject = verifier();
    await subject.verify(await issuer.sign('user-1'));
    await issuer.rotate();
    clockMs += 11_000;
    expect(await subject.verify(await issuer.sign('user-2'))).toMatchObject({ subject: 'user-2' });
    expect(issuer.reads).toBe(2);
  });

  test('are not fetched again and again for forged key ids', async () => {
    const subject = verifier();
    await subject.verify(await issuer.sign('user-1'));
    clockMs += 11_000;
    const token = await issuer.sign('user-1');
    for (let count = 0; count < 10; count += 1) {
      const [, payload, signature] = token.split('.') as [string, string, string];
      const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: randomBytes(8).toString('hex') });
      await expect(subject.verify([header, payload, signature].join('.'))).rejects.toThrow(TokenInvalid);
    }
    expect(issuer.reads).toBe(2);
  });

  test('remain in use while the issuer is down', async () => {
    const subject = verifier();
    await subject.verify(await issuer.sign('user-1'));
    issuer.setDown(true);
    clockMs += 3_600_000;
    expect(await subject.verify(await issuer.sign('user-2'))).toMatchObject({ subject: 'user-2' });
  });

  test('that could never be fetched lead to a retryable 503 until the issuer is back', async () => {
    issuer.setDown(true);
    const subject = verifier();
    const token = await issuer.sign('user-1');
    for (let count = 0; count < 5; count += 1) await expect(subject.verify(token)).rejects.toThrow(IdentityUnavailable);
    expect(issuer.reads).toBe(1);
    await expect(subject.verify(token)).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      retryable: true,
      retryAfterSeconds: 2,
    });
    issuer.setDown(false);
    clockMs += 600;
    expect(await subject.verify(token)).toMatchObject({ subject: 'user-1' });
  });
});
