import { makeSecret, publicKeyOf, secrets, secretSettings, services, type SecretName } from '@causeway/system';
import {
  authorityKeys,
  encryptedServers,
  isOfCertificate,
  knownCertificate,
  makeCertificate,
  type Encrypted,
  type ServerCertificateText,
} from './certificates.js';
import { Refused } from './run.js';

/** Name of a Secret, and its keys and values in the clear. */
export type ClusterSecrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Secrets for a cluster to try things on: keeps what is there (data is encrypted with it) and makes what is missing.
 * Passwords that two parts share are the same in both.
 * @param needed Keys of each Secret, from the manifests.
 */
export function developmentSecrets(
  needed: Readonly<Record<string, readonly string[]>>,
  existing: ClusterSecrets,
): ClusterSecrets {
  const shared = new Map<string, string>();
  const once = (id: string, known: string | undefined, make: () => string): string => {
    const value = shared.get(id) ?? known ?? make();
    shared.set(id, value);
    return value;
  };
  const has = (secret: string, key: string): string | undefined => existing[secret]?.[key];
  const ofDatabase = (role: string): string => {
    const user = services.find(({ database }) => database === role)?.name;
    const owner = services.find(({ database }) => ownerOf(database) === role)?.name;
    const inUrl = user ? has(user, 'DATABASE_URL') : has(`${owner}-migration`, 'MIGRATION_DATABASE_URL');
    const known = has('postgres', role) ?? passwordIn(inUrl);
    return once(`database ${role}`, known, () => makeSecret('password'));
  };
  const ofNats = (user: string): string =>
    once(`nats ${user}`, has('nats', user) ?? has(user, 'NATS_PASSWORD'), () => makeSecret('password'));
  const ofAll = (secret: SecretName): string =>
    once(
      secret,
      holdersOf(secret)
        .map(([name, key]) => has(name, key))
        .find(Boolean),
      () => {
        const { kind, publicOf } = secrets[secret];
        return publicOf === undefined ? makeSecret(kind) : publicKeyOf(ofAll(publicOf as SecretName));
      },
    );

  const databaseUrl = (database: string, role: string): string =>
    `postgres://${role}:${ofDatabase(role)}@postgres:5432/${database}`;

  const certificates = new Map<string, ServerCertificateText>();
  /** Of a server that must exist as a whole: the key of its authority is not kept. */
  const certificateOf = (server: Encrypted): ServerCertificateText => {
    const made = certificates.get(server) ?? knownCertificate(server, existing) ?? makeCertificate(server);
    certificates.set(server, made);
    return made;
  };

  const make = (secret: string, key: string): string => {
    const server = encryptedServers.find((name) => secret === `${name}-tls` || key === authorityKeys[name]);
    if (server) return certificateOf(server)[key === 'tls.crt' ? 'cert' : key === 'tls.key' ? 'key' : 'ca'];
    if (secret === 'postgres') return ofDatabase(key);
    if (secret === 'nats') return ofNats(key);
    const service = services.find(({ name }) => name === secret);
    if (service?.database && key === 'DATABASE_URL') return databaseUrl(service.database, service.database);
    const migrated = services.find(({ name, database }) => database && secret === `${name}-migration`)?.database;
    if (migrated && key === 'MIGRATION_DATABASE_URL') return databaseUrl(migrated, ownerOf(migrated)!);
    if (service?.nats && key === 'NATS_PASSWORD') return ofNats(secret);
    const value = service && secretSettings(service)[key];
    if (!value)
      throw new Refused(
        `Nothing makes the key ${key} of the Secret ${secret}. Add it to tools/system/src/services.ts.`,
      );
    return secrets[value].perService?.includes('kubernetes') ? makeSecret(secrets[value].kind) : ofAll(value);
  };
  return Object.fromEntries(
    Object.entries(needed).map(([secret, keys]) => [
      secret,
      {
        ...existing[secret],
        ...Object.fromEntries(
          // What belongs to a certificate is made together, or not at all.
          keys.map((key) => [
            key,
            isOfCertificate(secret, key) ? make(secret, key) : (has(secret, key) ?? make(secret, key)),
          ]),
        ),
      },
    ]),
  );
}

/** Every place that holds a secret: the Secret of a service, and the key in it. */
const holdersOf = (secret: SecretName): [name: string, key: string][] =>
  services.flatMap((service) =>
    Object.entries(secretSettings(service))
      .filter(([, held]) => held === secret)
      .map(([key]): [string, string] => [service.name, key]),
  );

/** The role that owns a database. */
const ownerOf = (database: string | undefined): string | undefined => database && `${database}_owner`;

const passwordIn = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : URL.parse(url)?.password;

/** As objects of Kubernetes. */
export const secretObjects = (secrets: ClusterSecrets, namespace: string) => ({
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
): ClusterSecrets =>
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
