import type { Secrets } from './secrets.js';

export const serviceNames = ['psp-sandbox', 'user', 'order', 'payment', 'gateway'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What a service needs to find the rest of the system. */
export interface Wiring {
  readonly secrets: Secrets;
  /** Base URL of each service's first instance. */
  readonly url: Readonly<Record<ServiceName, string>>;
  readonly redirectUri: string;
  /** Of the page with the API documents: every address that the page can be opened at. */
  readonly docsRedirectUris: readonly string[];
}

export interface ServiceDefinition {
  readonly name: ServiceName;
  /** Of the first instance; each further one takes 10 more. */
  readonly port: number;
  readonly managementPort: number;
  readonly database: boolean;
  readonly nats: boolean;
  /** Whether its database has the tables of `@causeway/messaging` (outbox). */
  readonly messaging: boolean;
  /** Order of the stop: see `Watched.order`. */
  readonly stopOrder: number;
  readonly settings: (wiring: Wiring) => Readonly<Record<string, string>>;
}

export const clientId = 'causeway-demo';
export const machineClientId = 'causeway-ops';
const audience = 'urn:causeway:api';

const auth = ({ url }: Wiring): Record<string, string> => ({
  AUTH_ISSUER: `${url.gateway}/oidc`,
  AUTH_AUDIENCE: audience,
  AUTH_JWKS_URL: `${url.user}/oidc/jwks`,
});

const fields = ({ secrets }: Wiring): Record<string, string> => ({
  FIELD_KEYS: secrets.fieldKeys,
  BLIND_INDEX_KEY: secrets.blindIndexKey,
  CURSOR_SECRET: secrets.cursorSecret,
});

/** Every service of the system, with the settings that are its own. Its README says what each means. */
export const services: readonly ServiceDefinition[] = [
  {
    name: 'psp-sandbox',
    port: 3004,
    managementPort: 3104,
    database: true,
    nats: false,
    messaging: false,
    stopOrder: 15,
    settings: ({ secrets, url }) => ({
      PSP_API_KEY: secrets.pspApiKey,
      PSP_WEBHOOK_URL: `${url.gateway}/webhooks/psp`,
      PSP_WEBHOOK_SECRET: secrets.pspWebhookSecret,
      PSP_SEED: '1',
    }),
  },
  {
    name: 'user',
    port: 3001,
    managementPort: 3101,
    database: true,
    nats: true,
    messaging: true,
    stopOrder: 10,
    settings: (wiring) => ({
      ...auth(wiring),
      ...fields(wiring),
      OIDC_ISSUER: `${wiring.url.gateway}/oidc`,
      OIDC_COOKIE_KEYS: wiring.secrets.cookieKeys,
      OIDC_REDIRECT_URIS: wiring.redirectUri,
      OIDC_DOCS_REDIRECT_URIS: wiring.docsRedirectUris.join(','),
      OIDC_MACHINE_SECRET: wiring.secrets.machineSecret,
    }),
  },
  {
    name: 'order',
    port: 3002,
    managementPort: 3102,
    database: true,
    nats: true,
    messaging: true,
    stopOrder: 10,
    settings: (wiring) => ({ ...auth(wiring), ...fields(wiring) }),
  },
  {
    name: 'payment',
    port: 3003,
    managementPort: 3103,
    database: true,
    nats: true,
    messaging: true,
    stopOrder: 10,
    settings: (wiring) => ({
      ...auth(wiring),
      PSP_URL: wiring.url['psp-sandbox'],
      PSP_API_KEY: wiring.secrets.pspApiKey,
      PSP_WEBHOOK_SECRETS: wiring.secrets.pspWebhookSecret,
    }),
  },
  {
    name: 'gateway',
    port: 3000,
    managementPort: 3100,
    database: false,
    nats: true,
    messaging: false,
    stopOrder: 0,
    settings: (wiring) => ({ ...auth(wiring), PUBLIC_URL: wiring.url.gateway }),
  },
];

/** The accounts of the broker: one for each service that talks through it, and `provisioner`, which manages streams. */
export const natsAccounts = [...services.filter(({ nats }) => nats).map(({ name }) => name), 'provisioner'];
