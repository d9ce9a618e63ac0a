import { peopleScopes, scopesOf } from '@causeway/contracts';
import { CodedError, errorCodes } from '@causeway/errors';
import type { FieldCipher } from '@causeway/persistence';
import { getLogger } from '@causeway/telemetry';
import type { JWK } from 'jose';
import type { EventEmitter } from 'node:events';
import { errors, interactionPolicy, Provider, type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import type { OidcSettings } from '../config.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { Sessions } from '../sessions/sessions.js';
import type { Profiles } from '../users/profiles.js';
import type { Roles } from '../users/roles.js';
import { hashOf, PrismaOidcAdapter, type TokenReuse } from './prisma-oidc-adapter.js';
import { completeResponses, wantsPage } from './responses.js';
import { machineClientId, clients } from './clients.js';
import { introspectAccessTokens } from './introspection.js';
import type { SignInResult } from './sign-in-attempts.js';
import { formTargets, messagePage, pageHeaders, signOutPage } from './pages.js';

const minutes = 60;
const days = 86_400;
const accessTokenSeconds = 5 * minutes;
/** Lifetime of a refresh token from the sign-in on, however often it is rotated. */
const refreshTokenSeconds = 30 * days;

const log = getLogger('oidc');

export interface ProviderParts {
  readonly settings: OidcSettings;
  readonly keys: readonly JWK[];
  readonly prisma: PrismaClient;
  readonly cipher: FieldCipher;
  readonly profiles: Profiles;
  readonly sessions: Sessions;
  readonly roles: Roles;
  readonly reuseDetected: (reuse: TokenReuse) => Promise<void>;
}

/**
 * Creates the OpenID provider: authorization code with PKCE for people, client credentials for machines. Differences
 * from oidc-provider's defaults: refresh tokens rotate at every use and expire after 30 days; access tokens are always
 * JWTs for our one audience; there is no consent page, because all clients are our own; there is no implicit flow, no
 * dynamic registration and no userinfo endpoint.
 */
export function createProvider(parts: ProviderParts): Provider {
  const { settings } = parts;
  const provider = new Provider(settings.AUTH_ISSUER, {
    ...artifacts(parts),
    ...tokens(parts),
    ...signIn(parts),
    clients: clients(settings),
    cookies: {
      keys: settings.OIDC_COOKIE_KEYS,
      long: { httpOnly: true, sameSite: 'lax', path: new URL(settings.AUTH_ISSUER).pathname },
      short: { httpOnly: true, sameSite: 'lax' },
    },
    // The API documents page can also request machine tokens: its reader types the secret.
    clientBasedCORS: (_ctx, origin, client) =>
      [...(client.redirectUris ?? []), ...(settings.OIDC_DOCS_REDIRECT_URIS ?? [])].some(
        (uri) => new URL(uri).origin === origin,
      ),
    renderError: (ctx, out) => {
      const text = out.error_description ?? 'Something went wrong on our side.';
      if (wantsPage(ctx)) sendPage(ctx, messagePage('We can’t sign you in', text, out.error));
      else ctx.body = out;
    },
  });
  // Makes every URL start with the issuer: `mount.ts` overwrites the forwarded host, whatever the client sent.
  provider.proxy = true;
  reportErrors(provider);
  completeResponses(provider);
  introspectAccessTokens(provider, parts);
  return provider;
}

function artifacts({ settings, prisma, cipher, keys, profiles, reuseDetected }: ProviderParts): Configuration {
  const reuse = { windowMs: settings.REFRESH_TOKEN_REUSE_MS, detected: reuseDetected };
  return {
    adapter: (model: string) => new PrismaOidcAdapter(model, prisma, cipher, reuse),
    jwks: { keys: [...keys] as NonNullable<Configuration['jwks']>['keys'] },
    async findAccount(_ctx, sub) {
      const profile = await profiles.find(sub);
      if (!profile) return undefined;
      const { id, email, emailVerified, displayName } = profile;
      return { accountId: id, claims: () => ({ sub: id, email, email_verified: emailVerified, name: displayName }) };
    },
    // Marks the caller's own session in the list of his sessions.
    extraTokenClaims: (_ctx, token) =>
      'sessionUid' in token && typeof token.sessionUid === 'string' ? { sid: hashOf(token.sessionUid) } : undefined,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    // Otherwise the ID token would lack these claims, which belong to the userinfo endpoint, and that is disabled.
    conformIdTokenClaims: false,
  };
}

function tokens({ settings, roles }: ProviderParts): Configuration {
  const audience = settings.AUTH_AUDIENCE;
  return {
    ttl: {
      AccessToken: accessTokenSeconds,
      ClientCredentials: accessTokenSeconds,
      AuthorizationCode: minutes,
      IdToken: accessTokenSeconds,
      Interaction: 10 * minutes,
      Session: 12 * 60 * minutes,
      Grant: refreshTokenSeconds,
      RefreshToken: (ctx) => ctx?.oidc.entities.RotatedRefreshToken?.remainingTTL ?? refreshTokenSeconds,
    },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    responseTypes: ['code', 'none'],
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access', 'email', 'profile'],
    clientAuthMethods: ['none', 'client_secret_basic'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256'] },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        async getResourceServerInfo(ctx, resource, client) {
          if (resource !== audience) throw new errors.InvalidTarget();
          return {
            scope: (await allowedScopes(ctx, client.clientId, roles)).join(' '),
            audience,
            accessTokenFormat: 'jwt',
            accessTokenTTL: accessTokenSeconds,
            jwt: { sign: { alg: 'RS256' } },
          };
        },
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => sendPage(ctx, signOutPage(form), formTargets(ctx.oidc.params)),
        postLogoutSuccessSource: (ctx) => sendPage(ctx, messagePage('Signed out', 'You can close this page.')),
      },
    },
  };
}

/**
 * API scopes that a token may have; others are left out of it. Asked at every token, so a refresh after a change of role
 * has the scopes of the new one. Before a person has signed in, it is every scope that a person can get: nothing is
 * granted by then, and the request is looked at again afterwards.
 */
async function allowedScopes({ oidc }: KoaContextWithOIDC, clientId: string, roles: Roles): Promise<readonly string[]> {
  if (clientId === machineClientId) return scopesOf.machines;
  const accountId = oidc.account?.accountId ?? oidc.session?.accountId;
  if (accountId === undefined) return peopleScopes;
  const role = await roles.of(accountId);
  return role === undefined ? [] : scopesOf[role];
}

function signIn({ settings, sessions }: ProviderParts): Configuration {
  const mountPath = new URL(settings.AUTH_ISSUER).pathname;
  const policy = interactionPolicy.base();
  // This check asks for consent at every sign-in of a native application, because another one could use its client id.
  // All clients here are our own, so the page would only get in the way.
  policy.get('consent')?.checks.remove('native_client_prompt');
  return {
    interactions: { policy, url: (_ctx, { uid }) => `${mountPath}/interaction/${uid}` },
    loadExistingGrant: (ctx) => grantEverythingAsked(ctx, sessions),
  };
}

/**
 * Grants every requested scope that is allowed, without a consent page: all clients are our own. Nothing is granted in a
 * session that was ended meanwhile.
 */
async function grantEverythingAsked(ctx: KoaContextWithOIDC, sessions: Sessions) {
  const { client, session, provider } = ctx.oidc;
  if (!client || !session?.accountId) return undefined;
  const grantId = session.grantIdFor(client.clientId);
  const known = grantId ? await provider.Grant.find(grantId) : undefined;
  const grant = known ?? new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  const before = JSON.stringify([grant.openid, grant.resources]);
  grant.addOIDCScope([...ctx.oidc.requestParamOIDCScopes].join(' '));
  for (const [resource, server] of Object.entries(ctx.oidc.resourceServers ?? {})) {
    const allowed = [...ctx.oidc.requestParamScopes].filter((scope) => server.scopes.has(scope));
    if (allowed.length > 0) grant.addResourceScope(resource, allowed.join(' '));
  }
  if (!known || JSON.stringify([grant.openid, grant.resources]) !== before) await grant.save();
  const alive = await sessions.record({
    userId: session.accountId,
    uid: session.uid,
    grantId: grant.jti,
    userAgent: ctx.get('user-agent'),
    epoch: (ctx.oidc.result as SignInResult | undefined)?.sessionsEpoch,
  });
  if (alive) return grant;
  await Promise.all([grant.destroy(), session.destroy()]);
  throw new errors.LoginRequired('this session was ended');
}

function sendPage(ctx: KoaContextWithOIDC, html: string, targets?: readonly string[]): void {
  ctx.set(pageHeaders(targets));
  ctx.body = html;
}

/**
 * Keeps the status and Retry-After of our own errors, such as an unavailable database: oidc-provider would respond with
 * 500.
 */
function reportErrors(provider: Provider): void {
  provider.on('server_error', (ctx, error: unknown) => {
    if (error instanceof CodedError) {
      ctx.status = errorCodes[error.code].status;
      if (error.retryAfterSeconds !== undefined) ctx.set('retry-after', String(error.retryAfterSeconds));
      log.warn({ code: error.code, route: ctx.oidc.route }, error.message);
    } else log.error({ err: error, route: ctx.oidc.route }, 'unexpected error; responding with 500');
  });
  const refused = (name: string) => (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) =>
    log.info({ code: error.error, detail: error.error_detail, client: ctx.oidc.client?.clientId }, `${name} refused`);
  provider.on('authorization.error', refused('authorization'));
  provider.on('grant.error', refused('token'));
  provider.on('end_session.error', refused('sign-out'));
  provider.on('revocation.error', refused('revocation'));
  // Koa's own event, missing from the types. Without a listener, Koa prints to standard error.
  (provider as EventEmitter).on('error', (err: unknown) => log.warn({ err }, 'response could not be sent'));
}
