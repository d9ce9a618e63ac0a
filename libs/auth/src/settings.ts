import { httpUrl, text, withDefault, type Settings } from '@causeway/config';

/** Settings of every service that checks access tokens. */
export const authSettings = {
  /** Who must have issued a token: the public URL of the identity provider. */
  AUTH_ISSUER: httpUrl(),
  /** For whom a token must be. */
  AUTH_AUDIENCE: withDefault(text(), 'urn:causeway:api'),
  /** Where the public keys of the issuer are. May be an internal address. */
  AUTH_JWKS_URL: httpUrl(),
};
export type AuthSettings = Settings<typeof authSettings>;
