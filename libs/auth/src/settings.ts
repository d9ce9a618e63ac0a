import { durationMs, httpUrl, text, withDefault, type Settings } from '@causeway/config';

/** Settings of a service that verifies access tokens. */
export const authSettings = {
  /** Required issuer of tokens: the public URL of the identity provider. */
  AUTH_ISSUER: httpUrl(),
  /** Required audience of tokens. */
  AUTH_AUDIENCE: withDefault(text(), 'urn:causeway:api'),
  /** URL of the issuer's public keys. May be an internal address. */
  AUTH_JWKS_URL: httpUrl(),
  /** Age at which those keys are fetched again. It bounds how long a retired key is still accepted. */
  AUTH_JWKS_MAX_AGE_MS: withDefault(durationMs(50, 3_600_000), '60000'),
};
type Named = Settings<typeof authSettings>;
/** What a verifier is given. Without an age it is that of the default. */
export type AuthSettings = Omit<Named, 'AUTH_JWKS_MAX_AGE_MS'> & Partial<Pick<Named, 'AUTH_JWKS_MAX_AGE_MS'>>;
