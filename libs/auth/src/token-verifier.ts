import { CodedError } from '@causeway/errors';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { TokenExpired, TokenInvalid, TokenMissing } from './errors.js';
import { KeySource, type KeySourceOptions } from './key-source.js';
import type { Principal } from './principal.js';
import type { AuthSettings } from './settings.js';
import { TokenCache } from './token-cache.js';

export interface TokenVerifierOptions extends KeySourceOptions {
  /** Maximum number of verified tokens to remember. Default 10 000. */
  readonly cacheSize?: number;
  /** Wall clock. Default `Date.now`. */
  readonly date?: () => number;
}

/** Asymmetric algorithms only: with HS256, the public key would serve as the secret. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** Tolerated difference between the clocks of two machines. */
const toleranceSeconds = 5;
/** Longest accepted token, characters. */
const longestToken = 8_192;

/**
 * Verifies access tokens: JWTs of RFC 9068 (`typ: at+jwt`) from one issuer for one audience. Remembers a valid token
 * until it expires, or a key is published no longer, instead of verifying it again.
 */
export class TokenVerifier {
  private readonly keys: KeySource;
  private cache: TokenCache;
  private readonly date: () => number;

  constructor(
    private readonly settings: AuthSettings,
    options: TokenVerifierOptions = {},
  ) {
    this.cache = new TokenCache(options.cacheSize);
    // All of them: which key signed a token is not worth remembering for something that happens once in months. A new cache,
    // because a verification that began with the keys of before may still put its token into the old one.
    const keyVanished = () => (this.cache = new TokenCache(options.cacheSize));
    this.keys = new KeySource(settings.AUTH_JWKS_URL, keyVanished, {
      ...(settings.AUTH_JWKS_MAX_AGE_MS !== undefined && { maxAgeMs: settings.AUTH_JWKS_MAX_AGE_MS }),
      ...options,
    });
    this.date = options.date ?? Date.now;
  }

  /**
   * Authenticates a request by its `Authorization` header.
   * @throws TokenMissing, and everything {@link verify} throws.
   */
  async authenticate(authorization: string | undefined): Promise<Principal> {
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) throw new TokenMissing();
    return this.verify(token);
  }

  /** Verifies a token. @throws TokenInvalid, TokenExpired (401), IdentityUnavailable (503) */
  async verify(token: string): Promise<Principal> {
    const nowMs = this.date();
    const { cache } = this;
    const known = cache.get(token, nowMs / 1_000);
    if (known) {
      this.keys.refresh();
      return known;
    }
    if (token.length > longestToken || !isCanonical(token)) throw new TokenInvalid();
    try {
      const { payload } = await jwtVerify(token, this.keys.get, {
        algorithms,
        issuer: this.settings.AUTH_ISSUER,
        audience: this.settings.AUTH_AUDIENCE,
        typ: 'at+jwt',
        clockTolerance: toleranceSeconds,
        currentDate: new Date(nowMs),
        requiredClaims: ['sub', 'client_id', 'exp'],
      });
      const principal = principalOf(payload);
      cache.set(token, principal, payload.exp ?? 0);
      return principal;
    } catch (error) {
      if (error instanceof CodedError) throw error;
      if (error instanceof errors.JWTExpired) throw new TokenExpired();
      throw new TokenInvalid({ cause: error });
    }
  }
}

/**
 * Whether the signature is spelled as RFC 7515 says: base64url without padding and without stray bits. jose decodes other
 * spellings, too, so that one token would be many, each verified and remembered by itself.
 */
function isCanonical(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

function principalOf({ sub, client_id: clientId, scope, exp, sid }: JWTPayload): Principal {
  if (typeof sub !== 'string' || sub === '' || typeof clientId !== 'string') throw new TokenInvalid();
  return {
    subject: sub,
    clientId,
    scopes: new Set(typeof scope === 'string' ? scope.split(' ').filter(Boolean) : []),
    // RFC 9068: without a resource owner (client credentials), `sub` is the client itself.
    kind: sub === clientId ? 'machine' : 'person',
    ...(typeof sid === 'string' && { sessionId: sid }),
    expiresAt: exp,
  };
}
