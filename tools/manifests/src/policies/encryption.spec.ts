import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type { Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { serversAreTrusted } from './encryption.js';

const argsOf = (copy: Copy): string[] =>
  copy.find<IStatefulSet>('StatefulSet', 'postgres').spec!.template.spec!.containers[0]!.args!;

describePolicy(serversAreTrusted, [
  [
    'a PostgreSQL without TLS',
    'kind',
    (copy) => argsOf(copy).splice(argsOf(copy).indexOf('--ssl=on'), 1),
    ['StatefulSet postgres', 'offers no TLS'],
  ],
  [
    'a PostgreSQL that takes any connection',
    'staging',
    (copy) => (copy.config('postgres-access')['pg_hba.conf'] += 'host all all all scram-sha-256\n'),
    ['takes connections that are not encrypted', 'hostssl'],
  ],
  [
    'a PostgreSQL with the rules of its image',
    'staging',
    (copy) => argsOf(copy).pop(),
    ['takes connections that are not encrypted'],
  ],
  [
    'a NATS without TLS',
    'kind',
    (copy) => (copy.config('nats')['nats.conf'] = 'port: 4222\n'),
    ['StatefulSet nats', 'offers no TLS'],
  ],
  [
    'a service that trusts any PostgreSQL',
    'production',
    (copy) => delete copy.config('user')['DATABASE_CA_FILE'],
    ['container service of Deployment user', 'does not know who vouches for PostgreSQL', 'Job user-migrate'],
  ],
  [
    'a service that trusts any NATS',
    'production',
    (copy) => delete copy.config('gateway')['NATS_CA_FILE'],
    ['Deployment gateway', 'does not know who vouches for NATS', 'Job nats-provision'],
  ],
  [
    'a service with the role that owns its database',
    'kind',
    (copy) => copy.container('user').env!.push({ name: 'MIGRATION_DATABASE_URL_FILE', value: '/run/secrets/x' }),
    ['has the role that owns the database, and does not migrate'],
  ],
]);
