import { httpUrl, text, withDefault, type Settings } from '@causeway/config';

/** Settings of a service that verifies access tokens. */
export const authSettings = {
  /** Required issuer of tokens: the public URL of the identity provider. */
  AUTH_ISSUER: httpUrl(),
  /** Required audience of tokens. */
  AUTH_AUDIENCE: withDefault(text(), 'urn:causeway:api'),
  /** URL of the issuer's public keys. May be an internal address. */
  AUTH_JWKS_URL: httpUrl(),
};
export type AuthSettings = Settings<typeof authSettings>;
