import type { ClientMetadata } from 'oidc-provider';
import type { OidcSettings } from '../config.js';

export const demoClientId = 'causeway-demo';
export const docsClientId = 'causeway-docs';
export const accountClientId = 'causeway-account';
export const machineClientId = 'causeway-ops';

/**
 * Returns the registered clients: a public one for customer applications, a public one for "Authorize" on the API
 * documents, one for our own pages, and a confidential one for machines.
 */
export function clients(settings: OidcSettings): ClientMetadata[] {
  return [
    ...docsClient(settings),
    {
      client_id: demoClientId,
      client_name: 'Causeway',
      // `native` lets a redirect to a loopback address use any port (RFC 8252, 7.3): the application listens on a free
      // one.
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: settings.OIDC_REDIRECT_URIS,
      post_logout_redirect_uris: settings.OIDC_POST_LOGOUT_REDIRECT_URIS ?? [],
    },
    {
      // The page of the passkeys wants to know who it is and gets neither code nor token.
      client_id: accountClientId,
      client_name: 'Causeway account',
      token_endpoint_auth_method: 'none',
      grant_types: [],
      response_types: ['none'],
      redirect_uris: [`${settings.AUTH_ISSUER}/passkeys`],
    },
    {
      client_id: machineClientId,
      client_secret: settings.OIDC_MACHINE_SECRET,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ];
}

/**
 * A page in a browser. Its redirect URIs must match exactly. It gets no refresh token, because it cannot protect one
 * from its own scripts.
 */
function docsClient({ OIDC_DOCS_REDIRECT_URIS: redirectUris }: OidcSettings): ClientMetadata[] {
  if (redirectUris === undefined) return [];
  return [
    {
      client_id: docsClientId,
      client_name: 'Causeway API documents',
      application_type: 'web',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: redirectUris,
    },
  ];
}
