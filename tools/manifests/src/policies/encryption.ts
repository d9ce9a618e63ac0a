import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type { IConfigMap } from 'kubernetes-models/v1';
import { containersOf, environmentOf, ofKind, podsOf, type Body, type Rendered } from '../objects.js';
import { broken, nameOf, type Finding, type ManifestPolicy } from './policy.js';

const guide = 'see docs/guides/own-cluster.md, TLS';

/** Sessions with PostgreSQL and NATS are encrypted, and both sides insist on it. */
export const serversAreTrusted: ManifestPolicy = {
  name: 'PostgreSQL and NATS are reached over TLS only, and migrations alone have the role that owns a database',
  check: (rendered) => [...servers(rendered), ...clients(rendered)],
};

function servers(rendered: Rendered): Finding[] {
  const server = (name: string) =>
    ofKind<IStatefulSet & Body>(rendered, 'StatefulSet').find(({ body }) => body.metadata.name === name);
  const file = (name: string): string =>
    ofKind<IConfigMap>(rendered, 'ConfigMap')
      .map(({ body }) => body.data?.[name] ?? '')
      .join('\n');
  const [postgres, nats] = [server('postgres'), server('nats')];
  const args = postgres?.body.spec?.template.spec?.containers[0]?.args?.join(' ') ?? '';
  const rules = file('pg_hba.conf');
  return [
    ...(postgres
      ? broken(postgres, [
          [/--ssl=on\b/.test(args), 'PostgreSQL offers no TLS', `keep --ssl=on in its args; ${guide}`],
          [
            /--hba_file=\/etc\/postgresql\/pg_hba\.conf\b/.test(args) &&
              !/^host(nossl|gssenc|nogssenc)?\s/m.test(rules),
            'PostgreSQL takes connections that are not encrypted',
            'keep --hba_file in its args, and nothing but hostssl in pg_hba.conf',
          ],
        ])
      : []),
    ...(nats
      ? broken(nats, [
          [
            /^tls \{\n\s+cert_file: /m.test(file('nats.conf')),
            'NATS offers no TLS',
            `keep the block tls of nats.conf; ${guide}`,
          ],
        ])
      : []),
  ];
}

const clients = (rendered: Rendered): Finding[] =>
  podsOf(rendered).flatMap(({ manifest, labels, spec }) =>
    containersOf(spec).flatMap((container) => {
      const given = new Set(
        environmentOf(rendered, container).flatMap(({ name, value }) => (value === '' ? [] : [name])),
      );
      const has = (name: string): boolean => given.has(name) || given.has(`${name}_FILE`);
      const where = `container ${container.name} of ${nameOf(manifest.body)}`;
      return broken(manifest, [
        [
          !has('DATABASE_URL') || has('DATABASE_CA'),
          `${where} does not know who vouches for PostgreSQL`,
          `set DATABASE_CA_FILE; ${guide}`,
        ],
        [
          !has('NATS_URL') || has('NATS_CA'),
          `${where} does not know who vouches for NATS`,
          `set NATS_CA_FILE; ${guide}`,
        ],
        [
          !has('MIGRATION_DATABASE_URL') || labels['app.kubernetes.io/component'] === 'migration',
          `${where} has the role that owns the database, and does not migrate`,
          'leave MIGRATION_DATABASE_URL to the migration Job',
        ],
      ]);
    }),
  );
