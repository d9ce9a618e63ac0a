import { createPrivateKey, X509Certificate } from 'node:crypto';
import { loadSettings, type SettingsShape } from '@causeway/config';
// demo
import { service as order } from '../../../apps/order/src/service.js';
import { service as payment } from '../../../apps/payment/src/service.js';
import { service as pspSandbox } from '../../../apps/psp-sandbox/src/service.js';
// end demo
import { service as user } from '../../../apps/user/src/service.js';
import { developmentSecrets, secretObjects, secretsIn } from './secrets.js';

const needed = {
  gateway: ['MANAGEMENT_TOKEN', 'NATS_PASSWORD', 'OPERATOR_TOKEN'],
  nats: ['NATS_CA', 'gateway', 'operator', 'provisioner', 'user'],
  'nats-tls': ['tls.crt', 'tls.key'],
  postgres: ['DATABASE_CA', 'postgres', 'user', 'user_owner'],
  'postgres-tls': ['tls.crt', 'tls.key'],
  'user-migration': ['MIGRATION_DATABASE_URL'],
  user: [
    'BLIND_INDEX_KEY',
    'DATABASE_CA',
    'DATABASE_URL',
    'FIELD_KEYS',
    'MAIL_PASSWORD',
    'NATS_CA',
    'NATS_PASSWORD',
    'OIDC_COOKIE_KEYS',
    'OIDC_MACHINE_SECRET',
  ],
};
// demo
const ofTheDemo = {
  order: ['BLIND_INDEX_KEY', 'CURSOR_SECRET', 'DATABASE_URL', 'FIELD_KEYS', 'NATS_PASSWORD'],
  payment: ['DATABASE_URL', 'NATS_PASSWORD', 'PSP_API_KEY', 'PSP_WEBHOOK_SECRETS'],
  postgres: [...needed.postgres, 'order', 'payment', 'psp'],
  'psp-sandbox': ['DATABASE_URL', 'PSP_API_KEY', 'PSP_WEBHOOK_SECRET'],
};
// end demo

test('what two parts share is the same in both', () => {
  const made = developmentSecrets(needed, {});
  for (const name of ['gateway', 'user']) expect(made[name]?.['NATS_PASSWORD']).toBe(made['nats']?.[name]);
  expect(made['user']?.['DATABASE_URL']).toBe(`postgres://user:${made['postgres']?.['user']}@postgres:5432/user`);
  expect(made['user-migration']).toEqual({
    MIGRATION_DATABASE_URL: `postgres://user_owner:${made['postgres']?.['user_owner']}@postgres:5432/user`,
  });
});

// demo
test('both ends of the payment provider have the same, and services have keys of their own', () => {
  const made = developmentSecrets({ ...needed, ...ofTheDemo }, {});
  expect(made['psp-sandbox']?.['DATABASE_URL']).toBe(`postgres://psp:${made['postgres']?.['psp']}@postgres:5432/psp`);
  expect(made['payment']?.['PSP_API_KEY']).toBe(made['psp-sandbox']?.['PSP_API_KEY']);
  expect(made['payment']?.['PSP_WEBHOOK_SECRETS']).toBe(made['psp-sandbox']?.['PSP_WEBHOOK_SECRET']);
  expect(made['order']?.['FIELD_KEYS']).not.toBe(made['user']?.['FIELD_KEYS']);
});
// end demo

test('every value is one that the service accepts', () => {
  const made = developmentSecrets(
    {
      ...needed,
      // demo
      ...ofTheDemo,
      // end demo
    },
    {},
  );
  const shapes: Record<string, SettingsShape> = {
    // demo
    order: order.settings,
    payment: payment.settings,
    'psp-sandbox': pspSandbox.settings,
    // end demo
    user: user.settings,
  };
  for (const [name, shape] of Object.entries(shapes)) {
    const secret = Object.fromEntries(Object.entries(shape).filter(([key]) => key in made[name]!));
    expect(Object.keys(loadSettings(secret, made[name])).length).toBeGreaterThan(2);
  }
});

test('what is there is kept, and what is missing made to fit it', () => {
  const existing = { postgres: { user: 'of-old' }, user: { FIELD_KEYS: 'v1:old', extra: 'of somebody' } };
  const made = developmentSecrets(needed, existing);
  expect(made['user']).toMatchObject({
    FIELD_KEYS: 'v1:old',
    extra: 'of somebody',
    DATABASE_URL: 'postgres://user:of-old@postgres:5432/user',
  });
  const again = developmentSecrets(needed, made);
  expect(again).toEqual(made);
  const { postgres: _, ...withoutPostgres } = made;
  expect(developmentSecrets(needed, withoutPostgres)['postgres']).toMatchObject({
    user: made['postgres']!['user'],
    user_owner: made['postgres']!['user_owner'],
  });
});

test('clients trust who vouches for the server, and all of a certificate is made anew when a part is missing', () => {
  const made = developmentSecrets(needed, {});
  const check = ({ user, postgres, nats, ...all }: typeof made): void => {
    for (const [server, ca] of [
      ['postgres', user!['DATABASE_CA']!],
      ['nats', user!['NATS_CA']!],
    ] as const) {
      expect({ postgres, nats }[server]).toMatchObject({ [server === 'nats' ? 'NATS_CA' : 'DATABASE_CA']: ca });
      const certificate = new X509Certificate(all[`${server}-tls`]!['tls.crt']!);
      expect(certificate.verify(new X509Certificate(ca).publicKey)).toBe(true);
      expect(certificate.checkHost(server)).toBe(server);
      expect(certificate.checkPrivateKey(createPrivateKey(all[`${server}-tls`]!['tls.key']!))).toBe(true);
    }
  };
  check(made);
  const again = developmentSecrets(needed, {
    ...made,
    'postgres-tls': { 'tls.crt': made['postgres-tls']!['tls.crt']! },
  });
  check(again);
  expect(again['postgres-tls']).not.toEqual(made['postgres-tls']);
  expect(again['nats-tls']).toEqual(made['nats-tls']);
});

test('a key that nothing makes is named', () => {
  expect(() => developmentSecrets({ user: ['CARD_KEY'] }, {})).toThrow('the key CARD_KEY of the Secret user');
});

test('a Secret goes to the cluster and comes back the same', () => {
  const made = developmentSecrets(needed, {});
  expect(secretsIn(secretObjects(made, 'causeway').items)).toEqual(made);
});
