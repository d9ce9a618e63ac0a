import { consumers, forwardedServices } from '@causeway/contracts';
import { services, type Service } from '@causeway/system';
import { callGraph } from '@causeway/system/topology';
import { header, list, type GeneratedFile } from './generated-file.js';

/** The services that have a component `canary-<name>`. For another one: add it here, and to the optional components. */
const tried: readonly string[] = [
  'gateway',
  // demo
  'order',
  // end demo
];

const edge = services.find((each) => each.edge)!.name;
const canary = (name: string): string => `${name}-canary`;

/**
 * A new version beside the one that runs, reached by a share of the requests. Shares are dealt out where requests enter
 * the cluster; so behind the edge, a second edge of today's version stands in front of the new version: the canary's
 * lane.
 */
export const canaryFiles = (): GeneratedFile[] => tried.flatMap(component);

function component(name: string): GeneratedFile[] {
  const folder = `k8s/components/canary-${name}`;
  const parts = [...new Set([edge, name])].map((each) => services.find((service) => service.name === each)!);
  return [
    { file: `${folder}/kustomization.yaml`, text: kustomization(name, parts) },
    { file: `${folder}/network-policies.yaml`, text: networkPolicies(parts) },
    ...parts.flatMap((part) => [
      { file: `${folder}/${part.name}/kustomization.yaml`, text: deployment(part, name) },
      { file: `${folder}/${part.name}/service-account.yaml`, text: account(part) },
    ]),
  ];
}

const kustomization = (name: string, parts: readonly Service[]): string => `${header(list)}
# A new version of ${name} for a share of the requests, at first for none: npm run k8s:canary -- ${name} 10. README.md of
# components/canary says how to begin and how to end. After components/gateway-api, whose route it changes.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources:
${parts.map((part) => `  - ${part.name}`).join('\n')}
  - network-policies.yaml
patches:
  - target: { kind: HTTPRoute, name: causeway }
    patch: |-
      - op: replace
        path: /spec/rules/0/backendRefs
        value:
          - { name: ${edge}, port: 8080, weight: 100 }
          - { name: ${canary(edge)}, port: 8080, weight: 0 }
      - op: add
        path: /metadata/labels/causeway.dev~1canary
        value: ${name}
  # At 100 % it carries what the others carry: as many pods once more, for ${parts.map((part) => part.name).join(' and ')}.
  - target: { kind: ResourceQuota, name: services }
    patch: |-
      - { op: replace, path: /spec/hard/requests.cpu, value: '22' }
      - { op: replace, path: /spec/hard/requests.memory, value: 22Gi }
      - { op: replace, path: /spec/hard/limits.memory, value: 22Gi }
      - { op: replace, path: /spec/hard/pods, value: '100' }
`;

function deployment({ name, database, nats }: Service, triedName: string): string {
  const asStable = name === triedName ? '' : `causeway/${name}`;
  return `${header(list)}
# As base/${name}, under a name of its own. Settings, passwords and database are those of ${name}.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../../base/service
  - service-account.yaml
components:
${database ? '  - ../../../base/service/with-database\n' : ''}${nats ? '  - ../../../base/service/with-nats\n' : ''}  - ../../../base/service/named
patches:
  - target: { kind: ConfigMap }
    patch: |-
      apiVersion: v1
      kind: ConfigMap
      metadata: { name: any }
      $patch: delete
  - target: { kind: HorizontalPodAutoscaler }
    patch: |-
      - { op: replace, path: /spec/minReplicas, value: 1 }
      - { op: replace, path: /spec/maxReplicas, value: 3 }
  - target: { kind: Deployment }
    patch: |-
      - { op: replace, path: /spec/template/spec/containers/0/envFrom/0/configMapRef/name, value: ${name} }
      - op: test
        path: /spec/template/spec/volumes/0/name
        value: secrets
      - { op: replace, path: /spec/template/spec/volumes/0/secret/secretName, value: ${name} }
${database ? waiting(name) : ''}${consumers.some(({ service }) => service === name) ? sparing : ''}${asStable ? lane(asStable, triedName) : ''}${database ? migration(name) : ''}`;
}

const waiting = (
  name: string,
): string => `      - { op: replace, path: /spec/template/spec/initContainers/0/envFrom/0/configMapRef/name, value: ${name} }
`;

/** Weights say nothing of messages: every pod pulls from the same consumers. So it handles one at a time. */
const sparing = `      - op: add
        path: /spec/template/spec/containers/0/env/-
        # Weights are about requests. Of messages it takes its share of all pods, so it handles one at a time.
        value: { name: MESSAGES_MAX_CONCURRENT, value: '1' }
`;

const migration = (
  name: string,
): string => `  # Of the new version, and before its pods: today's version goes on with the new schema.
  - target: { kind: Job }
    patch: |-
      - { op: replace, path: /spec/template/spec/containers/0/envFrom/0/configMapRef/name, value: ${name} }
      - op: test
        path: /spec/template/spec/volumes/0/name
        value: secrets
      - { op: replace, path: /spec/template/spec/volumes/0/secret/secretName, value: ${name} }
`;

/** The edge in front of the new version: today's image, and the way to the canary. */
const lane = (
  image: string,
  triedName: string,
): string => `      - { op: replace, path: /spec/template/spec/containers/0/image, value: ${image} }
      - op: add
        path: /spec/template/spec/containers/0/env/-
        value: { name: DISCOVERY_MODE, value: static }
      - op: add
        path: /spec/template/spec/containers/0/env/-
        value:
          name: DISCOVERY_STATIC
          value: ${forwardedServices
            .map((other) => `${other}=http://${other === triedName ? canary(other) : other}:8080`)
            .join(',')}
`;

const account = ({ name }: Service): string => `${header(list)}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${canary(name)}
  labels:
    app.kubernetes.io/name: ${canary(name)}
    app.kubernetes.io/part-of: causeway
automountServiceAccountToken: false
`;

/** What each part may do and who may reach it, as the call graph says of the service it stands for. */
function networkPolicies(parts: readonly Service[]): string {
  const standIns = new Set(services.filter(({ role }) => role === 'stand-in').map((each) => each.name as string));
  const flows = callGraph.filter(({ port, to }) => port === 8080 && !standIns.has(to));
  const inLane = (name: string): boolean => parts.some((part) => part.name === name);
  const documents = parts.flatMap(({ name }) => {
    const called = flows.filter(({ from }) => from === name).map(({ to }) => to);
    // The lane leads to the canary; whatever the canary calls is today's version.
    const targets = called.map((to) => (name === edge && inLane(to) ? canary(to) : to));
    const reachedByEdge = name !== edge && flows.some(({ from, to }) => from === edge && to === name);
    return [
      policy(canary(name), canary(name), [
        '  policyTypes: [Ingress, Egress]',
        ...(name === edge
          ? ['  # The edge: every client may reach this port.', '  ingress:', ...ports]
          : reachedByEdge
            ? ['  ingress:', '    - from:', ...selector(canary(edge)), ...portsOfRule]
            : ['  ingress: []']),
        ...(targets.length === 0
          ? ['  egress: []']
          : ['  egress:', '    - to:', ...targets.flatMap(selector), ...portsOfRule]),
      ]),
      ...targets
        .filter((to) => !to.endsWith('-canary') && to !== edge)
        .map((to) =>
          policy(`${canary(name)}-to-${to}`, to, [
            '  policyTypes: [Ingress]',
            '  ingress:',
            '    - from:',
            ...selector(canary(name)),
            ...portsOfRule,
          ]),
        ),
    ];
  });
  return `${header(list)}\n${documents.join('---\n')}`;
}

const ports = ['    - ports:', '        - { protocol: TCP, port: 8080 }'];
/** Beside the peers of a rule. */
const portsOfRule = ['      ports:', '        - { protocol: TCP, port: 8080 }'];
const selector = (name: string): string[] => [
  '        - podSelector:',
  '            matchLabels:',
  `              app.kubernetes.io/name: ${name}`,
  '              app.kubernetes.io/component: service',
];

const policy = (name: string, selected: string, rules: readonly string[]): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/part-of: causeway
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${selected}
      app.kubernetes.io/component: service
${rules.join('\n')}
`;
