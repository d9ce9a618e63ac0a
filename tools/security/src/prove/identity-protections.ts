import type { Protection } from './protections.js';

const verifier = 'libs/auth/src/token-verifier.ts';
const oidc = 'apps/user/src/oidc';
const decoded =
  "await (async (..._: unknown[]) => ({ payload: JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) }))(token, this.keys.get, {";

/** What protects tokens, sign-ins and accounts. */
export const identityProtections: readonly Protection[] = [...tokens(), ...signingIn(), ...accounts()];

/** Of tokens: all in one place. */
function tokens(): Protection[] {
  const one = (about: string, search: string, replacement = ''): Protection => ({
    ...{ about, file: verifier, search, replacement },
    attack: 'tokens/forged',
  });
  return [
    one('the signature of a token is checked', 'await jwtVerify(token, this.keys.get, {', decoded),
    one('the issuer of a token is checked', 'issuer: this.settings.AUTH_ISSUER,'),
    one('the audience of a token is checked', 'audience: this.settings.AUTH_AUDIENCE,'),
    one('the type of a token is checked', "typ: 'at+jwt',"),
    one('the expiry of a token is checked', 'clockTolerance: toleranceSeconds', 'clockTolerance: 1e9'),
    one('a token must expire, and name a subject and a client', "['sub', 'client_id', 'exp']", '[]'),
    one('a token has one spelling', ' || !isCanonical(token)'),
  ];
}

function signingIn(): Protection[] {
  return [
    {
      about: 'a form of another site is refused',
      file: `${oidc}/mount-pages.ts`,
      search: 'headers.origin !== undefined && headers.origin !== issuer.origin',
      replacement: 'headers.origin === issuer.href',
      attack: 'identity/sign-in',
    },
    {
      about: 'the sign-in page cannot be framed',
      file: `${oidc}/pages.ts`,
      search: `    "frame-ancestors 'none'",\n`,
      replacement: '',
      attack: 'identity/sign-in',
    },
    {
      about: 'what somebody has typed comes back as text',
      file: `${oidc}/pages.ts`,
      search: 'value="${escapeHtml(email)}"',
      replacement: 'value="${email}"',
      attack: 'input/hostile-forms',
    },
    {
      about: 'a code needs its verifier (PKCE)',
      file: `${oidc}/provider.ts`,
      search: 'pkce: { required: () => true }',
      replacement: 'pkce: { required: () => false }',
      attack: 'identity/sign-in',
    },
    {
      about: 'guesses are counted',
      file: `${oidc}/sign-in-attempts.ts`,
      search: 'await this.throttle.take(counted);',
      replacement: '',
      attack: 'identity/sign-in',
    },
    {
      about: 'an unknown address costs a hash as well',
      file: `${oidc}/sign-in.ts`,
      search: 'this.hasher.matches(password, account?.password_hash),',
      replacement: 'account ? this.hasher.matches(password, account.password_hash) : Promise.resolve(false),',
      attack: 'identity/enumeration',
    },
    {
      about: 'the hash for an unknown address takes as long as a real one',
      file: 'apps/user/src/users/password-hasher.ts',
      search: '$m=19456,t=2,p=1$jryh',
      replacement: '$m=8,t=1,p=1$jryh',
      attack: 'identity/enumeration',
      thorough: true,
    },
    {
      about: 'a code is used once, also at the same instant, and an old refresh token ends its session',
      file: `${oidc}/prisma-oidc-adapter.ts`,
      search: "if (this.model === 'RefreshToken' ? !(await this.isReused(key.idHash, isFirst)) : isFirst) return;",
      replacement: 'if (isFirst || key) return;',
      attack: 'identity/races',
    },
  ];
}

function accounts(): Protection[] {
  return [
    {
      about: 'a new password ends every session',
      file: 'apps/user/src/accounts/passwords.ts',
      search: 'const sessions = await endAllSessions(tx.sql, userId);',
      replacement: 'const sessions = 0;',
      attack: 'identity/sessions',
    },
    {
      about: 'a link from a mail works once, also at the same instant',
      file: 'apps/user/src/mail/account-links.ts',
      search:
        'DELETE FROM account_links WHERE token_hash = $1 AND purpose = $2 AND expires_at > now() RETURNING user_id',
      replacement: 'SELECT user_id FROM account_links WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()',
      attack: 'identity/account-links',
    },
    {
      about: 'a recipient gets a limited number of mails',
      file: 'apps/user/src/mail/mail-throttle.ts',
      search: '<= perRecipient',
      replacement: '>= 0',
      attack: 'identity/account-links',
    },
    {
      about: 'a token has no scope beyond the role of its person',
      file: `${oidc}/provider.ts`,
      search: 'return role === undefined ? [] : scopesOf[role];',
      replacement: 'return role === undefined ? [] : peopleScopes;',
      attack: 'identity/token-endpoint',
    },
    {
      about: 'introspection is for clients with a secret',
      file: `${oidc}/introspection.ts`,
      search: "if (oidc.client.clientAuthMethod === 'none')",
      replacement: "if (oidc.client.clientAuthMethod === 'never')",
      attack: 'identity/token-endpoint',
    },
  ];
}
