import { forwardedServices } from '@causeway/contracts';
import {
  addressSettings,
  databaseSetting,
  operator,
  secretSettings,
  secrets,
  services,
  type SystemAddresses,
  type SecretName,
  type Service,
} from '@causeway/system';
import { withParts, type GeneratedFile } from './generated-file.js';

const file = 'docker/compose.yaml';
const withDatabase = services.filter(({ database }) => database);

const addresses: SystemAddresses = {
  publicUrl: 'http://127.0.0.1:${GATEWAY_PORT:-3000}',
  publicUrls: ['127.0.0.1', 'localhost'].map((host) => `http://${host}:\${GATEWAY_PORT:-3000}`),
  urlOf: (name) => `http://${name}:8080`,
  // A tmpfs: mail is gone with the container.
  mailUrl: 'file:///tmp/mails',
};

/** Files with the certificates of those who vouch for the servers; `docker/certificates.sh` makes them. */
const authorities = { postgres: 'postgres-ca.crt', nats: 'nats-ca.crt' } as const;

/** Name of the file that holds a secret of a service. */
export function secretFile(service: Service, secret: SecretName): string {
  const { file: name, perService } = secrets[secret];
  return perService?.includes('compose') ? `${name}-${service.name}` : name;
}

/** The secret settings of a service, each with the file that holds its value. */
const secretFiles = (service: Service): [setting: string, file: string][] => [
  ...(service.database
    ? ([
        ['DATABASE_URL', `database-url-${service.database}`],
        ['DATABASE_CA', authorities.postgres],
      ] as [string, string][])
    : []),
  ...(service.nats
    ? ([
        ['NATS_PASSWORD', `nats-password-${service.name}`],
        ['NATS_CA', authorities.nats],
      ] as [string, string][])
    : []),
  ...Object.entries(secretSettings(service)).map(([setting, secret]): [string, string] => [
    setting,
    secretFile(service, secret),
  ]),
];

/** The file with the URL of the role that owns a database. */
const migrationFile = (database: string): string => `migration-database-url-${database}`;

/** What a container of the service has in common with its migration: image, settings and secrets. */
function fragment(service: Service): string {
  const { name, nats, edge, database } = service;
  const files = secretFiles(service);
  const settings = {
    ...(nats && { NATS_USER: name }),
    // Those that find others, and those that are found.
    ...((edge || forwardedServices.includes(name)) && { DISCOVERY_MODE: 'nats' }),
    ...addressSettings(service, addresses),
    ...Object.fromEntries(files.map(([setting, path]) => [`${setting}_FILE`, `/run/secrets/${path}`])),
  };
  return [
    `x-${name}: &${name}`,
    `  image: causeway/${name}:\${TAG:-dev}`,
    `  build: { context: .., dockerfile: docker/${name}.Dockerfile }`,
    // What runs once has more settings: the container that migrates, and that provisions streams with those of the edge.
    `  environment:${edge || database ? ` &${name}-environment` : ''}`,
    `    <<: ${nats ? '[*common, *messaging]' : '*common'}`,
    ...Object.entries(settings).map(([setting, value]) => `    ${setting}: ${value}`),
    `  secrets:`,
    ...files.map(([, path]) => `    - ${path}`),
    '',
  ].join('\n');
}

/** The migration, where there is a database, and the service, which starts once its schema and the topology are there. */
function containers(service: Service): string {
  const { name, database = '', nats, edge } = service;
  const after = [...(database ? [`migrate-${name}`] : []), ...(nats ? ['provision'] : [])];
  const migration = [
    `  migrate-${name}:`,
    `    <<: [*once, *${name}]`,
    '    command: [migrate]',
    '    environment:',
    `      <<: *${name}-environment`,
    `      MIGRATION_DATABASE_URL_FILE: /run/secrets/${migrationFile(database)}`,
    '    secrets:',
    ...[...secretFiles(service).map(([, path]) => path), migrationFile(database)].map((path) => `      - ${path}`),
    '    depends_on:',
    '      databases: { condition: service_completed_successfully }',
    '',
  ];
  return [
    ...(database ? migration : []),
    `  ${name}:`,
    `    <<: [*service, *${name}]`,
    ...(edge ? ["    ports: ['127.0.0.1:${GATEWAY_PORT:-3000}:8080']"] : []),
    ...(after.length > 0 ? ['    depends_on:'] : []),
    ...after.map((other) => `      ${other}: { condition: service_completed_successfully }`),
    '',
  ].join('\n');
}

/** What the command line is told: where everything is, and the secrets of its account. */
function cli(): string {
  const files: [setting: string, file: string][] = [
    ['NATS_PASSWORD', `nats-password-${operator}`],
    ['NATS_CA', authorities.nats],
    ['DATABASE_CA', authorities.postgres],
    ['OPERATOR_TOKEN', 'operator-token'],
    ...withDatabase.map(({ database }): [string, string] => [databaseSetting(database!), `database-url-${database}`]),
  ];
  return [
    '    environment:',
    '      NATS_URL: nats://nats:4222',
    ...files.map(([setting, path]) => `      ${setting}_FILE: /run/secrets/${path}`),
    '    secrets:',
    ...files.map(([, path]) => `      - ${path}`),
  ].join('\n');
}

/** Every file below `docker/secrets` that a container is given. */
export const secretFileNames = (): string[] => [
  ...new Set([
    'postgres-password',
    'nats-password-provisioner',
    ...['postgres.crt', 'postgres.key', 'nats.crt', 'nats.key'],
    `nats-password-${operator}`,
    ...services.flatMap(secretFiles).map(([, path]) => path),
    ...withDatabase.map(({ database }) => migrationFile(database!)),
  ]),
];

/** The parts of the Compose file that follow from the list of services. */
export const composeFile = (): GeneratedFile =>
  withParts(file, {
    services: services.map(fragment).join('\n'),
    databases: [
      '    secrets:',
      `      - ${authorities.postgres}`,
      // By the names of the roles, as in Kubernetes.
      '      - { source: postgres-password, target: postgres/postgres }',
      ...withDatabase.flatMap(({ database = '' }) => [
        `      - { source: database-url-${database}, target: postgres/${database} }`,
        `      - { source: ${migrationFile(database)}, target: postgres/${database}_owner }`,
      ]),
    ].join('\n'),
    containers: services.map(containers).join('\n'),
    cli: cli(),
    secrets: secretFileNames()
      .sort()
      .map((name) => `  ${name}: { file: ./secrets/${name} }`)
      .join('\n'),
  });
