import type { ClientMetadata } from 'oidc-provider';
import type { OidcSettings } from '../config.js';

export const demoClientId = 'causeway-demo';
export const machineClientId = 'causeway-ops';

/** The clients of the system: one public for people's applications, one confidential for machines. */
export function clients(settings: OidcSettings): ClientMetadata[] {
  return [
    {
      client_id: demoClientId,
      client_name: 'Causeway',
      // `native`: a redirect to a loopback address may use any port (RFC 8252, 7.3), since the caller takes a free one.
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: settings.OIDC_REDIRECT_URIS,
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
