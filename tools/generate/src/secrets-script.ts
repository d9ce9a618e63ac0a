import {
  natsAccounts,
  secretNames,
  secrets,
  secretSettings,
  services,
  type SecretKind,
  type SecretName,
} from '@causeway/system';
import { secretFile } from './compose.js';
import { withParts, type GeneratedFile } from './generated-file.js';

/** How the shell makes a value; the functions are in the script. */
const inShell: Readonly<Record<SecretKind, string>> = {
  password: '$(password)',
  key: '$(key)',
  versionedKey: 'v1:$(key)',
  openingKey: 'v1:$(private_key)',
  // Only ever the public half of another secret.
  sealingKey: '',
  // demo
  apiKey: 'sk_sandbox_$(password)',
  webhookSecret: 'whsec_$(password)',
  // end demo
};

/** The list of secrets in `docker/secrets.sh`, which works without Node. */
export function secretsScript(): GeneratedFile {
  const databases = services.flatMap(({ database }) => database ?? []);
  const values = secretNames.flatMap((secret) => {
    const holders = services.filter((service) => Object.values(secretSettings(service)).includes(secret));
    const files = new Set(holders.map((service) => secretFile(service, secret)));
    const { kind, publicOf } = secrets[secret];
    const value = publicOf === undefined ? inShell[kind] : `$(public_key ${secrets[publicOf as SecretName].file})`;
    return [...files].map((file) => `keep ${file} "${value}"`);
  });
  return withParts('docker/secrets.sh', {
    secrets: [
      'keep postgres-password "$(password)"',
      `for name in ${databases.join(' ')}; do`,
      '  keep "database-url-$name" "postgres://$name:$(password)@postgres:5432/$name"',
      '  keep "migration-database-url-$name" "postgres://${name}_owner:$(password)@postgres:5432/$name"',
      'done',
      `for name in ${natsAccounts.join(' ')}; do`,
      '  keep "nats-password-$name" "$(password)"',
      'done',
      ...values,
    ].join('\n'),
  });
}
