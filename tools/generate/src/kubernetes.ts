import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { forwardedServices } from '@causeway/contracts';
import { addressSettings, secretSettings, services, type Service } from '@causeway/system';
import { callGraph } from '@causeway/system/topology';
import { currentPart, header, list, root, withParts, type GeneratedFile } from './generated-file.js';

const product = services.filter(({ role }) => role === 'product');
const isStandIn = (name: string): boolean => services.some((each) => each.name === name && each.role === 'stand-in');

/** The folder of each service below `k8s/base`, and what lists all services elsewhere. */
export const kubernetesFiles = (): GeneratedFile[] => [
  ...services.flatMap(folderOf),
  {
    file: 'k8s/base/kustomization.yaml',
    text: [
      header(list),
      'apiVersion: kustomize.config.k8s.io/v1beta1',
      'kind: Kustomization',
      'resources:',
      '  - platform',
      ...product.map(({ name }) => `  - ${name}`),
      '',
    ].join('\n'),
  },
  withParts('k8s/components/postgres/init-job.yaml', {
    databases: services
      .flatMap(({ database }) => database ?? [])
      .flatMap((name) => [name, `${name}_owner`])
      .map((role) => `              - { key: ${role}, path: ${role} }`)
      .join('\n'),
  }),
  ...['kind', 'staging', 'production'].map(overlay),
];

function folderOf(service: Service): GeneratedFile[] {
  const folder = `k8s/base/${service.name}`;
  return [
    { file: `${folder}/kustomization.yaml`, text: kustomization(service, folder) },
    { file: `${folder}/service-account.yaml`, text: serviceAccount(service) },
    { file: `${folder}/network-policy.yaml`, text: networkPolicy(service) },
    { file: `${folder}/settings.env`, text: settings(service) },
  ];
}

function kustomization({ database, nats }: Service, folder: string): string {
  // What only this service has, and no rule gives it. By hand.
  const own = existsSync(join(root, folder, 'own.env')) ? ', own.env' : '';
  return [
    header(list),
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    'resources:',
    '  - ../service',
    '  - service-account.yaml',
    '  - network-policy.yaml',
    'components:',
    ...(database ? ['  - ../service/with-database'] : []),
    ...(nats ? ['  - ../service/with-nats', '  - ../service/headless'] : []),
    '  - ../service/named',
    'configMapGenerator:',
    '  # Still `service`: components run after it.',
    '  - name: service',
    '    behavior: merge',
    `    envs: [settings.env${own}]`,
    '',
  ].join('\n');
}

const serviceAccount = ({ name }: Service): string => `${header(list)}
# The identity of the service. Everything else in this folder's build takes its name from here.
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/part-of: causeway
automountServiceAccountToken: false
`;

/** Marks an address that an overlay or a component fills in. */
const elsewhere = '\0';

/** Settings with addresses inside the cluster, and the files that secrets are mounted as. */
function settings(service: Service): string {
  const { name, nats, tokens, edge } = service;
  const addresses = addressSettings(service, {
    publicUrl: elsewhere,
    publicUrls: [elsewhere],
    urlOf: (other) => (isStandIn(other) ? elsewhere : `http://${other}:8080`),
    mailUrl: elsewhere,
  });
  const lines = Object.entries({ ...addresses, ...(tokens && { AUTH_JWKS_URL: `${keysFor(service)}/oidc/jwks` }) })
    .filter(([, value]) => !value.includes(elsewhere))
    .map(([setting, value]) => `${setting}=${value}`);
  return [
    header(list),
    ...(nats ? [`NATS_USER=${name}`] : []),
    ...(edge
      ? [
          '# The names of headless Services resolve to the ready pods (docs/decisions/0037).',
          'DISCOVERY_MODE=dns',
          'DISCOVERY_DNS_URL=http://{service}-headless:8080',
          '# For DISCOVERY_MODE=static, where a mesh balances: one address for all pods of a service.',
          `DISCOVERY_STATIC=${forwardedServices.map((other) => `${other}=http://${other}:8080`).join(',')}`,
        ]
      : []),
    ...lines,
    ...Object.keys(secretSettings(service))
      // In base/service, for every service.
      .filter((setting) => setting !== 'MANAGEMENT_TOKEN' && setting !== 'OPERATOR_TOKEN')
      .map((setting) => `${setting}_FILE=/run/secrets/causeway/${setting}`),
    '',
  ].join('\n');
}

/** Only the edge may reach `user`, which takes the caller's address from it: the others ask for the keys as any client. */
function keysFor({ name, edge }: Service): string {
  if (name === 'user') return 'http://127.0.0.1:8080';
  return edge ? 'http://user:8080' : `http://${product.find((each) => each.edge)?.name}:8080`;
}

/** Both sides of every flow of the call graph between services. What a stand-in needs of others is in its component. */
function networkPolicy({ name, edge, role }: Service): string {
  const flows = callGraph
    .filter(({ port }) => port === 8080)
    .filter(({ from, to }) => role === 'stand-in' || (!isStandIn(from) && !isStandIn(to)));
  const callers = flows.filter(({ to }) => to === name).map(({ from }) => from);
  const called = flows.filter(({ from }) => from === name).map(({ to }) => to);
  return `${header(list)}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/part-of: causeway
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${name}
      app.kubernetes.io/component: service
  policyTypes: [Ingress, Egress]
${edge ? '  # The edge: every client may reach this port.\n  ingress:\n    - ports:\n        - { protocol: TCP, port: 8080 }' : rules('ingress', 'from', callers)}
${rules('egress', 'to', called)}
`;
}

function rules(direction: 'ingress' | 'egress', peer: 'from' | 'to', names: readonly string[]): string {
  if (names.length === 0) return `  ${direction}: []`;
  const pods =
    names.length === 1
      ? `            matchLabels:
              app.kubernetes.io/name: ${names[0]}
              app.kubernetes.io/component: service`
      : `            matchLabels:
              app.kubernetes.io/component: service
            matchExpressions:
              - { key: app.kubernetes.io/name, operator: In, values: [${names.join(', ')}] }`;
  return `  ${direction}:
    - ${peer}:
        - podSelector:
${pods}
      ports:
        - { protocol: TCP, port: 8080 }`;
}

/** Which services get which of an overlay's shared settings. */
const shared: readonly [file: string, gets: (service: Service) => boolean][] = [
  ['public.env', ({ edge }) => edge === true],
  ['database.env', ({ database }) => database !== undefined],
  ['auth.env', ({ tokens }) => tokens === true],
  ['nats.env', ({ nats }) => nats === true],
  ['telemetry.env', () => true],
];

function overlay(name: string): GeneratedFile {
  const folder = `k8s/overlays/${name}`;
  const here = shared.filter(([file]) => existsSync(join(root, folder, file)));
  const settingsOf = (service: Service): string[] => {
    const files = here.filter(([, gets]) => gets(service)).map(([file]) => file);
    if (files.length === 0) return [];
    return [`  - name: ${service.name}`, '    behavior: merge', `    envs: [${files.join(', ')}]`];
  };
  return withParts(`${folder}/kustomization.yaml`, {
    settings: product.flatMap(settingsOf).join('\n'),
    images: images(`${folder}/kustomization.yaml`, name === 'production' ? product : services),
    // Only they have the init container that waits for the schema.
    ...(name === 'kind' && {
      databases: `      labelSelector: app.kubernetes.io/name in (${services
        .filter(({ database }) => database)
        .map((service) => service.name)
        .join(', ')})`,
    }),
  });
}

/** A release sets registries, tags and digests: entries that are there stay, new services get one. */
function images(file: string, wanted: readonly Service[]): string {
  const entries = currentPart(file, 'images')
    .split(/^(?= {2}- )/m)
    .filter((entry) => entry.startsWith('  - '));
  const nameOf = (entry: string): string => /name: causeway\/([\w-]+)/.exec(entry)?.[1] ?? '';
  const [model = ''] = entries;
  return wanted
    .map(
      ({ name }) =>
        entries.find((entry) => nameOf(entry) === name) ??
        model
          .replaceAll(`causeway/${nameOf(model)}`, `causeway/${name}`)
          .replace(/sha256:\w+/, `sha256:${'0'.repeat(64)}`),
    )
    .map((entry) => entry.trimEnd())
    .join('\n');
}
