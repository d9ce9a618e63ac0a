import { createLocalJWKSet, jwtVerify, type JWK } from 'jose';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Sessions } from '../sessions/sessions.js';

export interface IntrospectionParts {
  readonly settings: { readonly AUTH_ISSUER: string; readonly AUTH_AUDIENCE: string };
  readonly keys: readonly JWK[];
  readonly sessions: Pick<Sessions, 'isAlive'>;
}

/**
 * Answers introspection (RFC 7662) of access tokens, for machines that cannot verify a JWT, or must know at once that a
 * session has ended. oidc-provider authenticates the client and then refuses every JWT, because it stores none: that
 * refusal is where this begins. Of refresh tokens it says nothing (`allowedPolicy`).
 */
export function introspectAccessTokens(provider: Provider, { settings, keys, sessions }: IntrospectionParts): void {
  const publicKeys = createLocalJWKSet({ keys: keys.map(publicPart) });
  const claimsOf = async (token: string): Promise<Record<string, unknown> | undefined> => {
    const verified = await jwtVerify(token, publicKeys, {
      issuer: settings.AUTH_ISSUER,
      audience: settings.AUTH_AUDIENCE,
      typ: 'at+jwt',
      algorithms: ['RS256'],
    }).catch(() => undefined);
    const sid = verified?.payload['sid'];
    if (typeof sid === 'string' && !(await sessions.isAlive(sid))) return undefined;
    return verified?.payload;
  };
  provider.use(async (ctx, next) => {
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    if (oidc?.route !== 'introspection' || !oidc.client) return;
    if (oidc.client.clientAuthMethod === 'none') {
      ctx.status = 401;
      ctx.body = { error: 'invalid_client', error_description: 'only a client with a secret can introspect' };
      return;
    }
    if ((ctx.body as { error?: string } | undefined)?.error !== 'unsupported_token_type') return;
    const claims = await claimsOf(String(oidc.params?.['token']));
    ctx.status = 200;
    ctx.body = claims ? { ...claims, active: true, token_type: 'Bearer' } : { active: false };
  });
}

const publicPart = ({ kty, n, e, kid, alg, use }: JWK): JWK => ({
  kty: kty!,
  n: n!,
  e: e!,
  kid: kid!,
  alg: alg!,
  use: use!,
});
