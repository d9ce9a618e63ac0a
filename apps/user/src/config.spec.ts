import { loadSettings, SettingsInvalid } from '@causeway/config';
import { settings } from './config.js';

const valid = {
  DATABASE_URL: 'postgres://user:secret@127.0.0.1:5440/user',
  FIELD_KEYS: `v1:${Buffer.alloc(32, 1).toString('base64')}`,
  BLIND_INDEX_KEY: 'b'.repeat(32),
  NATS_URL: 'nats://127.0.0.1:4240',
  AUTH_ISSUER: 'http://127.0.0.1:3000/oidc',
  AUTH_JWKS_URL: 'http://127.0.0.1:3001/oidc/jwks',
  OIDC_COOKIE_KEYS: 'c'.repeat(32),
  OIDC_REDIRECT_URIS: 'http://127.0.0.1/callback,https://shop.example.org/callback',
  OIDC_MACHINE_SECRET: 'm'.repeat(32),
  MAIL_URL: 'smtps://mailer:secret@mail.example.org',
};

const problemsOf = (env: Record<string, string | undefined>) => {
  try {
    loadSettings(settings, { ...valid, ...env });
    return [];
  } catch (error) {
    if (error instanceof SettingsInvalid) return error.problems.map(({ name }) => name);
    throw error;
  }
};

test('the required settings are enough', () => {
  expect(problemsOf({})).toEqual([]);
});

test.each([
  ['a redirect over the open network in the clear', { OIDC_REDIRECT_URIS: 'http://shop.example.org/callback' }],
  ['a redirect of the docs in the clear', { OIDC_DOCS_REDIRECT_URIS: 'http://shop.example.org/docs/callback' }],
  ['a redirect with a fragment', { OIDC_REDIRECT_URIS: 'https://shop.example.org/#/callback' }],
  ['a redirect into another scheme', { OIDC_REDIRECT_URIS: 'javascript:alert(1)' }],
  ['a short cookie key beside a good one', { OIDC_COOKIE_KEYS: `${'c'.repeat(32)},short` }],
  ['a short secret of the machine client', { OIDC_MACHINE_SECRET: 'short' }],
  ['mail by another protocol', { MAIL_URL: 'https://mail.example.org' }],
  ['an issuer without a path, where the provider could not be mounted', { AUTH_ISSUER: 'http://127.0.0.1:3000' }],
])('%s is refused', (_title, env) => {
  expect(problemsOf(env)).toEqual(Object.keys(env));
});
