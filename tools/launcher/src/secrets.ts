import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { derivedSecrets, makeSecret, secretNames, secrets, type SecretName, type ServiceName } from '@causeway/system';

/** What the parts of one system share. Made once for a data folder; without them its databases cannot be read. */
export interface Secrets extends Readonly<Record<SecretName, string>> {
  /** Password of the superuser of the cluster. */
  readonly postgres: string;
  /** Password of the role that each service runs with in its database. */
  readonly databases: Readonly<Record<ServiceName, string>> & Readonly<Record<string, string>>;
  /** Password of the role that owns each service's database. */
  readonly databaseOwners: Readonly<Record<ServiceName, string>> & Readonly<Record<string, string>>;
  /** Password of each account of the broker. */
  readonly nats: Readonly<Record<string, string>>;
}

/** Who gets passwords of their own. */
export interface Holders {
  /** With a database: services, and databases of examples. */
  readonly services: readonly string[];
  /** Of the broker. */
  readonly accounts: readonly string[];
}

const passwords = <T extends string>(names: readonly T[]): Record<T, string> =>
  Object.fromEntries(names.map((name) => [name, makeSecret('password')])) as Record<T, string>;

const generate = ({ services, accounts }: Holders): Secrets => ({
  postgres: makeSecret('password'),
  databases: passwords(services) as Secrets['databases'],
  databaseOwners: passwords(services) as Secrets['databaseOwners'],
  nats: passwords(accounts),
  ...(Object.fromEntries(secretNames.map((name) => [name, makeSecret(secrets[name].kind)])) as Record<
    SecretName,
    string
  >),
});

/** Reads `secrets.json` of the folder, or writes it (mode 0600). Adds the secrets that a later version knows. */
export function loadSecrets(folder: string, holders: Holders): { secrets: Secrets; created: boolean } {
  const file = join(folder, 'secrets.json');
  const created = !existsSync(file);
  const fresh = generate(holders);
  const known = created ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>);
  const own = { ...fresh, ...known };
  const all = {
    ...own,
    ...derivedSecrets(own as unknown as Record<string, string>),
    databases: { ...fresh.databases, ...known?.databases },
    databaseOwners: { ...fresh.databaseOwners, ...known?.databaseOwners },
    nats: { ...fresh.nats, ...known?.nats },
  };
  if (JSON.stringify(all) !== JSON.stringify(known)) {
    mkdirSync(folder, { recursive: true });
    // Whole or not at all: a half-written file would lock us out of our own databases.
    writeFileSync(`${file}.new`, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return { secrets: all, created };
}
