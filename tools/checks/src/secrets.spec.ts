import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSecret, secretNames, secrets } from '@causeway/system';
import { root } from './repository.js';

// The gate over the repository is part of `npm run lint` (target `secrets`); this plants what it must find. Everything is
// made here: a secret in this file would be found by the gate.

const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const base64url = (text: string): string => Buffer.from(text).toString('base64url');
const hex = randomBytes(24).toString('hex');
const kinds = new Map(secretNames.map((name) => [secrets[name].kind, name]));
// Public, so it may be anywhere.
kinds.delete('sealingKey');

const planted: Readonly<Record<string, string>> = {
  'a private key': privateKey,
  'a key of AWS': `AWS_SECRET_ACCESS_KEY = ${randomBytes(30)
    .toString('base64')
    .replaceAll(/[^A-Za-z0-9]/g, 'x')}`,
  'a token of GitHub': `ghp_${randomBytes(18).toString('hex')}`,
  'a password in the URL of a database': `DATABASE_URL=postgres://order:${hex}@db.example.com:5432/order`,
  'a password in another URL': `https://ada:${hex}@registry.example.com/`,
  'a JWT': [{ alg: 'RS256' }, { sub: 'ada' }].map((part) => base64url(JSON.stringify(part))).join('.') + `.${hex}`,
  'a private JWK': JSON.stringify({ kty: 'EC', crv: 'P-256', d: randomBytes(32).toString('base64url') }),
  'a seed of NATS': `SU${'ABCDEFGH'.repeat(7)}`,
  'a secret in YAML': `stringData:\n  cookie-keys: ${hex}`,
  'a secret in code': `const clientSecret = '${hex}';`,
  ...Object.fromEntries([...kinds].map(([kind, name]) => [`our ${kind}`, `${name}: '${makeSecret(kind)}'`])),
};

/** What stands where secrets do, and is none. */
const harmless = [
  'DATABASE_URL=postgres://order:<password>@host:5432/order',
  'DATABASE_URL=$DATABASE_URL_OF_ORDER',
  'const token = await tokenOf(customerWithoutAnyOrders1);',
  "secret: 'a-secret-of-the-machine-client-0123456789'",
  `CARD_SEALING_KEY=${makeSecret('sealingKey')}`,
  `integrity: sha512-${randomBytes(64).toString('base64')}`,
].join('\n');

interface Found {
  readonly filePath: string;
  readonly messages: readonly unknown[];
}

/** The names of the files in which something is found. */
async function found(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-secrets-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), `${text}\n`);
    const config = ['--secretlintrc', join(root, '.secretlintrc.json'), '--format', 'json'];
    const out = await new Promise<string>((resolve) =>
      execFile(
        process.execPath,
        [join(root, 'node_modules/secretlint/bin/secretlint.js'), ...config, '**/*', '**/.*'],
        { cwd: folder, maxBuffer: 1e7 },
        (_error, stdout) => resolve(stdout),
      ),
    );
    const results = JSON.parse(out) as Found[];
    return results.filter(({ messages }) => messages.length > 0).map(({ filePath }) => filePath.split('/').at(-1)!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('finds each planted secret, and nothing that only looks like one', async () => {
  const inFiles = Object.fromEntries(
    Object.entries(planted).map(([what, text]) => [`.${what.replaceAll(' ', '-')}`, text]),
  );
  const names = await found({ ...inFiles, 'harmless.txt': harmless });
  expect(names.sort()).toEqual(Object.keys(inFiles).sort());
});
