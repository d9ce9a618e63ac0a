import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Service } from './service.js';

/** How a value is made. The prefixes are those that the providers of such secrets use: scanners know them. */
const makers = {
  /** Begins with a letter and needs no quoting anywhere: NATS would read `0123` as a number. */
  password: () => `k${randomBytes(24).toString('hex')}`,
  /** 256 bits, for AES-256 and HMAC-SHA-256. */
  key: () => randomBytes(32).toString('base64'),
  /** `<version>:<key>`, the form of `FIELD_KEYS`. */
  versionedKey: () => `v1:${randomBytes(32).toString('base64')}`,
  /** `<version>:<private key on P-256>`, the form of `openingKeys` in libs/messaging. */
  openingKey: newOpeningKey,
  /** The public half of a key of nobody. Where a secret is the public half of another one, see {@link derivedSecrets}. */
  sealingKey: () => publicKeyOf(newOpeningKey()),
  // demo
  apiKey: () => `sk_sandbox_k${randomBytes(24).toString('hex')}`,
  webhookSecret: () => `whsec_k${randomBytes(24).toString('hex')}`,
  // end demo
} as const;

function newOpeningKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return `v1:${privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')}`;
}

/** @param privateKeys `v1:<PKCS #8>,v2:…` @returns The public key of the last one, with its version. */
export function publicKeyOf(privateKeys: string): string {
  const [version, key = ''] = (privateKeys.split(',').at(-1) ?? '').split(':');
  const parsed = createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'pkcs8' });
  return `${version}:${createPublicKey(parsed).export({ format: 'der', type: 'spki' }).toString('base64')}`;
}

export type SecretKind = keyof typeof makers;

export const makeSecret = (kind: SecretKind): string => makers[kind]();

interface Secret {
  readonly kind: SecretKind;
  /** Name of its file for Compose. */
  readonly file: string;
  /**
   * Where each service that holds it has a value of its own. Elsewhere, and on a laptop always, all holders share one
   * value; the two ends of an agreement must.
   */
  readonly perService?: readonly ('compose' | 'kubernetes')[];
  /** It is the public key of this one, which the same command makes. */
  readonly publicOf?: string;
}

const declared = {
  fieldKeys: { kind: 'versionedKey', file: 'field-keys', perService: ['compose', 'kubernetes'] },
  blindIndexKey: { kind: 'key', file: 'blind-index-key', perService: ['compose', 'kubernetes'] },
  cursorSecret: { kind: 'key', file: 'cursor-secret', perService: ['kubernetes'] },
  cookieKeys: { kind: 'password', file: 'oidc-cookie-keys' },
  machineSecret: { kind: 'password', file: 'oidc-machine-secret' },
  mailPassword: { kind: 'password', file: 'mail-password' },
  // demo
  cardOpeningKeys: { kind: 'openingKey', file: 'card-opening-keys' },
  cardSealingKey: { kind: 'sealingKey', file: 'card-sealing-key', publicOf: 'cardOpeningKeys' },
  pspApiKey: { kind: 'apiKey', file: 'psp-api-key' },
  pspWebhookSecret: { kind: 'webhookSecret', file: 'psp-webhook-secret' },
  // end demo
  managementToken: { kind: 'password', file: 'management-token', perService: ['kubernetes'] },
  operatorToken: { kind: 'password', file: 'operator-token', perService: ['kubernetes'] },
} as const satisfies Readonly<Record<string, Secret>>;

/** Also the key in the laptop's `.causeway/secrets.json`: a new name would make a new secret there. */
export type SecretName = keyof typeof declared;

/**
 * Every secret beside passwords. Passwords (of the superuser, of each database role, of each account of the broker) are of
 * the kind `password`, and follow from the list of services.
 */
export const secrets: Readonly<Record<SecretName, Secret>> = declared;
export const secretNames = Object.keys(declared) as readonly SecretName[];

/** @returns The values that follow from others: of each pair that is there, the public key. */
export const derivedSecrets = (values: Readonly<Record<string, string>>): Partial<Record<SecretName, string>> =>
  Object.fromEntries(
    secretNames.flatMap((name) => {
      const source = values[secrets[name].publicOf ?? ''];
      return source === undefined ? [] : [[name, publicKeyOf(source)]];
    }),
  );

/** The secret settings of a service whose values are in {@link secrets}. */
export const secretSettings = ({ secrets: own }: Service): Readonly<Record<string, SecretName>> => ({
  MANAGEMENT_TOKEN: 'managementToken',
  OPERATOR_TOKEN: 'operatorToken',
  ...own,
});

/**
 * The setting by which the command line is told how to reach a database.
 * @param database `user`, as the list of services names it.
 */
export const databaseSetting = (database: string): string =>
  `DATABASE_URL_${database.toUpperCase().replaceAll('-', '_')}`;
