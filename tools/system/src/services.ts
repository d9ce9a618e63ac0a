import type { SystemAddresses, Service } from './service.js';

const entries = [
  {
    name: 'gateway',
    title: 'Causeway gateway',
    role: 'product',
    port: 3000,
    edge: true,
    nats: true,
    tokens: true,
    // demo
    // Live order events: an instance listens while a customer watches, so a durable consumer would only collect.
    listens: ['order.evt.>'],
    // end demo
    settings: ({ publicUrl }) => ({ PUBLIC_URL: publicUrl }),
  },
  {
    name: 'user',
    title: 'Causeway user service',
    role: 'product',
    port: 3001,
    database: 'user',
    nats: true,
    tokens: true,
    settings: ({ publicUrl, publicUrls, mailUrl }) => ({
      MAIL_URL: mailUrl,
      OIDC_REDIRECT_URIS: `${publicUrl}/callback`,
      OIDC_POST_LOGOUT_REDIRECT_URIS: `${publicUrl}/callback`,
      OIDC_DOCS_REDIRECT_URIS: publicUrls.map((url) => `${url}/docs/static/oauth2-redirect.html`).join(','),
    }),
    secrets: {
      FIELD_KEYS: 'fieldKeys',
      BLIND_INDEX_KEY: 'blindIndexKey',
      OIDC_COOKIE_KEYS: 'cookieKeys',
      OIDC_MACHINE_SECRET: 'machineSecret',
      MAIL_PASSWORD: 'mailPassword',
    },
  },
  // demo
  {
    name: 'order',
    title: 'Causeway order service',
    role: 'product',
    port: 3002,
    database: 'order',
    nats: true,
    tokens: true,
    sends: [
      'payment.cmd.authorize.v2',
      'payment.cmd.capture.v1',
      'payment.cmd.void.v1',
      'payment.cmd.refund.v1',
      'user.rpc.get-address.v1',
    ],
    calls: { gateway: 'the keys that tokens are checked with: only the gateway may reach user' },
    secrets: {
      FIELD_KEYS: 'fieldKeys',
      BLIND_INDEX_KEY: 'blindIndexKey',
      CURSOR_SECRET: 'cursorSecret',
      CARD_SEALING_KEY: 'cardSealingKey',
    },
  },
  {
    name: 'payment',
    title: 'Causeway payment service',
    role: 'product',
    port: 3003,
    database: 'payment',
    nats: true,
    tokens: true,
    calls: { gateway: 'the same keys', 'psp-sandbox': 'charges' },
    settings: ({ urlOf }) => ({ PSP_URL: urlOf('psp-sandbox') }),
    secrets: {
      CARD_OPENING_KEYS: 'cardOpeningKeys',
      PSP_API_KEY: 'pspApiKey',
      PSP_WEBHOOK_SECRETS: 'pspWebhookSecret',
    },
  },
  {
    name: 'psp-sandbox',
    title: 'Causeway pretend payment provider',
    role: 'stand-in',
    port: 3004,
    database: 'psp',
    calls: { gateway: 'webhooks' },
    settings: ({ urlOf }) => ({ PSP_WEBHOOK_URL: `${urlOf('gateway')}/webhooks/psp` }),
    secrets: { PSP_API_KEY: 'pspApiKey', PSP_WEBHOOK_SECRET: 'pspWebhookSecret' },
  },
  // end demo
] as const satisfies readonly Service[];

export type ServiceName = (typeof entries)[number]['name'];

/** A service of the list: {@link Service} with a name that is known to exist. */
export interface ListedService extends Service {
  readonly name: ServiceName;
}

/** Every service of the system. After a change: `npm run generate`. */
export const services: readonly ListedService[] = entries;

export const serviceNames: readonly ServiceName[] = services.map(({ name }) => name);

/** The account that manages streams and consumers; no other may. */
export const provisioner = 'provisioner';

/** The account of `npx causeway`: it looks at everything, and changes what its commands change. */
export const operator = 'operator';

/** The accounts of the broker: one for each service that talks through it, {@link provisioner} and {@link operator}. */
export const natsAccounts: readonly string[] = [
  ...services.filter(({ nats }) => nats).map(({ name }) => name),
  provisioner,
  operator,
].sort();

/**
 * Settings that follow from the addresses of a system: the service's own, and where tokens are issued.
 * Kubernetes has its own, in `k8s/base/<name>/settings.env`: NetworkPolicies decide who may ask whom for the keys.
 */
export function addressSettings({ tokens, settings }: Service, addresses: SystemAddresses): Record<string, string> {
  return {
    ...(tokens && {
      AUTH_ISSUER: `${addresses.publicUrl}/oidc`,
      AUTH_JWKS_URL: `${addresses.urlOf('user')}/oidc/jwks`,
    }),
    ...settings?.(addresses),
  };
}
