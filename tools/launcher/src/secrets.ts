import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from './services.js';

/** What the parts of one system share. Generated once for a data folder; without them its databases cannot be read. */
export interface Secrets {
  /** Superuser of the cluster. */
  readonly postgres: string;
  /** Password of each service's database role. */
  readonly databases: Readonly<Record<ServiceName, string>>;
  /** Password of each account of the broker. */
  readonly nats: Readonly<Record<string, string>>;
  /** `v1:<base64>`: AES-256 keys for personal data. */
  readonly fieldKeys: string;
  readonly blindIndexKey: string;
  readonly cursorSecret: string;
  readonly cookieKeys: string;
  /** Of the OAuth client `causeway-ops` (client credentials). */
  readonly machineSecret: string;
  readonly pspApiKey: string;
  readonly pspWebhookSecret: string;
  /** Bearer token of the protected management routes. */
  readonly managementToken: string;
}

/** Who gets passwords of their own. */
export interface Holders {
  /** With a database role. */
  readonly services: readonly ServiceName[];
  /** Of the broker. */
  readonly accounts: readonly string[];
}

const word = (): string => randomBytes(24).toString('base64url');
const key = (): string => randomBytes(32).toString('base64');

const words = <T extends string>(names: readonly T[]): Record<T, string> =>
  Object.fromEntries(names.map((name) => [name, word()])) as Record<T, string>;

function generate({ services, accounts }: Holders): Secrets {
  return {
    postgres: word(),
    databases: words(services),
    nats: words(accounts),
    fieldKeys: `v1:${key()}`,
    blindIndexKey: key(),
    cursorSecret: key(),
    cookieKeys: word(),
    machineSecret: word(),
    pspApiKey: `sk_sandbox_${word()}`,
    pspWebhookSecret: `whsec_${word()}`,
    managementToken: word(),
  };
}

/** Reads `secrets.json` of the folder, or writes it (mode 0600). A secret that a later version added is added. */
export function loadSecrets(folder: string, holders: Holders): { secrets: Secrets; created: boolean } {
  const file = join(folder, 'secrets.json');
  const created = !existsSync(file);
  const fresh = generate(holders);
  const known = created ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>);
  const secrets = {
    ...fresh,
    ...known,
    databases: { ...fresh.databases, ...known?.databases },
    nats: { ...fresh.nats, ...known?.nats },
  };
  if (JSON.stringify(secrets) !== JSON.stringify(known)) {
    mkdirSync(folder, { recursive: true });
    // Whole or not at all: a half-written file would lock us out of our own databases.
    writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return { secrets, created };
}
