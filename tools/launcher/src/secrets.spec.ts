import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSecret, publicKeyOf } from '@causeway/system';
import { loadSecrets } from './secrets.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'causeway-secrets-'))));
afterEach(() => rmSync(folder, { recursive: true }));

test('secrets are made once and read again, and only their owner may read the file', () => {
  const first = loadSecrets(folder, { services: ['user', 'gateway'], accounts: ['user', 'gateway'] });
  const second = loadSecrets(folder, { services: ['user', 'gateway'], accounts: ['user', 'gateway'] });
  expect(first.created).toBe(true);
  expect(second).toEqual({ secrets: first.secrets, created: false });
  expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600);
});

test('no two secrets are the same', () => {
  const { databases, databaseOwners, nats, ...others } = loadSecrets(folder, {
    services: ['user', 'gateway'],
    accounts: ['user', 'gateway'],
  }).secrets;
  const all = [databases, databaseOwners, nats, others].flatMap((each) => Object.values(each));
  expect(new Set(all).size).toBe(all.length);
});

// demo
test('the public key that order seals with belongs to the private key of payment, whichever came first', () => {
  const holders = { services: ['user'], accounts: ['user'] };
  const { secrets } = loadSecrets(folder, holders);
  expect(secrets.cardSealingKey).toBe(publicKeyOf(secrets.cardOpeningKeys));
  const rotated = `${secrets.cardOpeningKeys},${makeSecret('openingKey').replace('v1', 'v2')}`;
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify({ ...secrets, cardOpeningKeys: rotated }));
  expect(loadSecrets(folder, holders).secrets.cardSealingKey).toBe(publicKeyOf(rotated));
});
// end demo

test('a secret that a later version added is added, and the others stay', () => {
  const { machineSecret, nats, databaseOwners, ...older } = loadSecrets(folder, {
    services: ['user'],
    accounts: ['user'],
  }).secrets;
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(older));
  const { secrets, created } = loadSecrets(folder, { services: ['user', 'gateway'], accounts: ['user', 'gateway'] });
  expect(secrets).toMatchObject({ ...older, databases: expect.objectContaining(older.databases) });
  // A data folder from before the broker had accounts.
  expect(Object.keys(secrets.nats)).toEqual(['user', 'gateway']);
  expect(secrets.nats['user']).not.toBe(nats['user']);
  // … and before databases had an owner beside the role of the service.
  expect(Object.keys(secrets.databaseOwners)).toEqual(['user', 'gateway']);
  expect(secrets.databaseOwners['user']).not.toBe(databaseOwners['user']);
  expect(secrets.machineSecret).not.toBe(machineSecret);
  expect(created).toBe(false);
  expect(JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8'))).toEqual(secrets);
});
