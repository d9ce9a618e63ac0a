import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsAccounts, services } from '@causeway/system';
import { secretFileNames } from '../src/compose.js';
import { root } from '../src/generated-file.js';

const script = join(root, 'docker/secrets.sh');
let folder: string;
const run = (): string => execFileSync('sh', [script, folder], { encoding: 'utf8' });
const secret = (name: string): string => readFileSync(join(folder, name), 'utf8');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-secrets-'));
  run();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('docker/secrets.sh makes exactly the files that the containers are given', () => {
  const accounts = natsAccounts.map((name) => `nats-password-${name}`);
  expect(readdirSync(folder).sort()).toEqual(
    [...new Set([...secretFileNames(), ...accounts, 'nats-passwords.conf'])].sort(),
  );
});

test('no two secrets are the same, and each has the form of its kind', () => {
  const values = secretFileNames().map(secret);
  expect(new Set(values).size).toBe(values.length);
  expect(secret('field-keys-user')).toMatch(/^v1:[A-Za-z0-9+/]{43}=$/);
  // demo
  expect(secret('psp-webhook-secret')).toMatch(/^whsec_k[0-9a-f]{48}$/);
  // end demo
  for (const database of services.flatMap((service) => service.database ?? []))
    expect(secret(`database-url-${database}`)).toMatch(
      new RegExp(`^postgres://${database}:k[0-9a-f]{48}@postgres:5432/${database}$`),
    );
});

test('a second run keeps every value', () => {
  const before = readdirSync(folder).map((name) => [name, secret(name)]);
  expect(run()).not.toContain('generated');
  expect(readdirSync(folder).map((name) => [name, secret(name)])).toEqual(before);
});

test('the broker includes one password for each account', () => {
  const lines = secret('nats-passwords.conf').trim().split('\n');
  expect(lines).toEqual(
    natsAccounts.map((name) => `NATS_PASSWORD_${name.toUpperCase()}: "${secret(`nats-password-${name}`)}"`),
  );
});
