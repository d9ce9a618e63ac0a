import { randomBytes } from 'node:crypto';
import { Refused } from './run.js';

/** Name of a Secret, and its keys and values in the clear. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Begins with a letter and needs no quoting anywhere: NATS would read `0123` as a number. */
const word = (): string => `k${randomBytes(24).toString('hex')}`;
const key = (): string => randomBytes(32).toString('base64');

/**
 * Secrets for a cluster to try things on: what is there stays as it is (data is encrypted with it), what is missing is made.
 * Passwords that two parts share are the same in both.
 * @param needed Keys of each Secret, from the manifests.
 */
export function developmentSecrets(needed: Readonly<Record<string, readonly string[]>>, existing: Secrets): Secrets {
  const shared = new Map<string, string>();
  const once = (name: string, known: string | undefined, make: () => string): string => {
    const value = shared.get(name) ?? known ?? make();
    shared.set(name, value);
    return value;
  };
  const has = (secret: string, name: string): string | undefined => existing[secret]?.[name];
  const ofDatabase = (role: string): string =>
    once(
      `db/${role}`,
      has('postgres', role) ?? passwordIn(has(role === 'psp' ? 'psp-sandbox' : role, 'DATABASE_URL')),
      word,
    );
  const ofNats = (user: string): string => once(`nats/${user}`, has('nats', user) ?? has(user, 'NATS_PASSWORD'), word);
  const ofWebhooks = (): string =>
    once(
      'webhooks',
      has('psp-sandbox', 'PSP_WEBHOOK_SECRET') ?? has('payment', 'PSP_WEBHOOK_SECRETS'),
      () => `whsec_${word()}`,
    );

  const makers: Readonly<Record<string, (secret: string) => string>> = {
    DATABASE_URL: (secret) => {
      const role = secret === 'psp-sandbox' ? 'psp' : secret;
      return `postgres://${role}:${ofDatabase(role)}@postgres:5432/${role}`;
    },
    NATS_PASSWORD: ofNats,
    FIELD_KEYS: () => `v1:${key()}`,
    BLIND_INDEX_KEY: key,
    CURSOR_SECRET: word,
    OIDC_COOKIE_KEYS: word,
    OIDC_MACHINE_SECRET: word,
    MANAGEMENT_TOKEN: word,
    PSP_API_KEY: () =>
      once('psp', has('psp-sandbox', 'PSP_API_KEY') ?? has('payment', 'PSP_API_KEY'), () => `sk_sandbox_${word()}`),
    PSP_WEBHOOK_SECRET: ofWebhooks,
    PSP_WEBHOOK_SECRETS: ofWebhooks,
  };
  const make = (secret: string, name: string): string => {
    if (secret === 'postgres') return ofDatabase(name);
    if (secret === 'nats') return ofNats(name);
    const maker = makers[name];
    if (!maker)
      throw new Refused(`Nothing makes the key ${name} of the Secret ${secret}. Add it to tools/kind/src/secrets.ts.`);
    return maker(secret);
  };
  return Object.fromEntries(
    Object.entries(needed).map(([secret, keys]) => [
      secret,
      {
        ...existing[secret],
        ...Object.fromEntries(keys.map((name) => [name, has(secret, name) ?? make(secret, name)])),
      },
    ]),
  );
}

const passwordIn = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : URL.parse(url)?.password;

/** As objects of Kubernetes. */
export const secretObjects = (secrets: Secrets, namespace: string) => ({
  apiVersion: 'v1',
  kind: 'List',
  items: Object.entries(secrets).map(([name, values]) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'causeway' } },
    data: mapValues(values, (value) => Buffer.from(value).toString('base64')),
  })),
});

/** As the cluster gives them back. */
export const secretsIn = (
  objects: readonly {
    readonly metadata: { readonly name: string };
    readonly data?: Readonly<Record<string, string>>;
  }[],
): Secrets =>
  Object.fromEntries(
    objects.map(({ metadata, data = {} }) => [
      metadata.name,
      mapValues(data, (value) => Buffer.from(value, 'base64').toString('utf8')),
    ]),
  );

const mapValues = (
  values: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
