import { randomBytes, randomUUID } from 'node:crypto';
import { loadSettings } from '@causeway/config';
import { FieldKeyRotation } from '@causeway/persistence';
import { fieldKeySettings } from '@causeway/persistence/settings';
import { createDatabase, startNats, type TestDatabase, type TestNats } from '@causeway/testkit';
import { migrations } from '../src/migrations.js';
import { sealedTables } from '../src/sealed-tables.js';
import { addPasskey } from '../src/testing/authenticator.js';
import { Browser } from '../src/testing/browser.js';
import { password, redirectUri, startUserService } from '../src/testing/user-service.js';

const [v1, v2] = ['v1', 'v2'].map((version) => `${version}:${randomBytes(32).toString('base64')}`);
/** Passkeys need an issuer with a name. */
const host = 'localhost';
let database: TestDatabase;
let nats: TestNats;
beforeAll(async () => {
  [database, nats] = await Promise.all([createDatabase({ migrations }), startNats()]);
});
afterAll(() => Promise.all([database?.drop(), nats?.stop()]));

test('after a rotation, the old key can go: profile, addresses, session, refresh token, signing key and replays work', async () => {
  const registration = { email: `Cem.${randomUUID()}@Example.org`, password, displayName: 'Cem Quill' };
  const address = {
    label: 'Home',
    recipient: 'Cem Quill',
    line1: 'Long Lane 1',
    line2: 'top',
    postalCode: '1',
    city: 'Ely',
    country: 'GB',
  };
  const key = { 'idempotency-key': randomUUID() };

  const before = await startUserService({ FIELD_KEYS: v1! }, { database, nats, host });
  const registered = await (await before.post('/v1/users', registration, key)).json();
  const browser = new Browser(before.issuer, redirectUri);
  const tokens = await browser.signIn(registration.email, password);
  await addPasskey(browser, before.issuer, 'Cupboard');
  const authorization = `Bearer ${tokens.access_token}`;
  const keysBefore = await (await fetch(`${before.origin}/oidc/jwks`)).json();
  expect((await before.post('/v1/users/me/addresses', address, { authorization })).status).toBe(201);

  const { FIELD_KEYS } = loadSettings(fieldKeySettings, { FIELD_KEYS: `${v1},${v2}`, BLIND_INDEX_KEY: 'k'.repeat(32) });
  const rotation = new FieldKeyRotation(database.pool, FIELD_KEYS, sealedTables);
  const counted = await rotation.status();
  // Every list has something to do, or this test would show nothing.
  // A mail is gone as soon as it is sent.
  for (const { column, versions } of counted.columns)
    if (column !== 'mails.letter_sealed') expect(versions['v1']).toBeGreaterThan(0);
  rotation.start('ada');
  await rotation.settled();
  expect(await rotation.status()).toMatchObject({ outdated: 0, run: { state: 'done', failed: 0, skipped: 0 } });

  // The first instance stays, because the second one fetches the keys for tokens from the issuer.
  const port = Number(new URL(before.origin).port);
  const after = await startUserService({ FIELD_KEYS: v2! }, { database, nats, port, host });
  try {
    const replayed = await after.post('/v1/users', registration, key);
    expect([replayed.headers.get('idempotency-replayed'), await replayed.json()]).toEqual(['true', registered]);
    expect(await (await fetch(`${after.origin}/oidc/jwks`)).json()).toEqual(keysBefore);
    const body = new URLSearchParams({
      client_id: 'causeway-demo',
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
    });
    const refreshed = await fetch(`${after.origin}/oidc/token`, { method: 'POST', body });
    expect(refreshed.status).toBe(200);
    const headers = { authorization };
    expect(await (await after.send('GET', '/v1/users/me', { headers })).json()).toMatchObject({
      displayName: 'Cem Quill',
    });
    const addresses = await (await after.send('GET', '/v1/users/me/addresses', { headers })).json();
    expect(addresses).toMatchObject({ items: [address] });
    expect(await (await browser.fetch(`${after.origin}/oidc/passkeys`)).text()).toContain('Cupboard');
  } finally {
    await after.stop();
    await before.stop();
  }
});
