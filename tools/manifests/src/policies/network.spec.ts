import { describePolicy } from '../testing/describe-policy.js';
import { networkMatchesTheCallGraph } from './network.js';

describePolicy(networkMatchesTheCallGraph, [
  [
    'one side of a flow that is not declared, which stays closed',
    'kind',
    (copy) =>
      copy
        .policy('user')
        .egress!.push({ to: [{ podSelector: { matchLabels: { 'causeway.dev/postgres': 'client' } } }] }),
    [],
  ],
  [
    'both sides of an undeclared flow',
    'kind',
    (copy) => {
      copy
        .policy('user')
        .egress!.push({ to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'order' } } }] });
      copy
        .policy('order')
        .ingress!.push({ from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'user' } } }] });
    },
    ['k8s/base/user/network-policy.yaml', 'NetworkPolicy user', 'user → order:8080 is open', 'services.ts'],
  ],
  [
    'ingress from everywhere',
    'kind',
    (copy) => (copy.policy('order').ingress = [{ ports: [{ port: 8080 }] }]),
    ['outside → order:8080 is open'],
  ],
  [
    'the management port',
    'kind',
    (copy) => (copy.policy('gateway').ingress = [{}]),
    ['outside → gateway:9090 is open'],
  ],
  [
    'the internet',
    'kind',
    (copy) => copy.policy('order').egress!.push({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }),
    ['order → outside 0.0.0.0/0:0 is open'],
  ],
  [
    'everything out',
    'production',
    (copy) => copy.policy('user').egress!.push({}),
    ['user → outside everything:0 is open'],
  ],
  [
    'a call that is needed',
    'kind',
    (copy) => (copy.policy('gateway').egress = []),
    ['k8s/base/gateway/network-policy.yaml', 'gateway → order:8080 (public routes) is closed', 'egress of gateway'],
  ],
  [
    'a database without clients',
    'kind',
    (copy) => copy.remove('NetworkPolicy', 'postgres-clients'),
    ['order/migration → postgres:5432 (migrations) is closed'],
  ],
  [
    'a provider without clients',
    'production',
    (copy) => copy.remove('NetworkPolicy', 'payment-to-provider'),
    ['payment → psp-sandbox:8080 (charges) is closed'],
  ],
  ['no default deny', 'kind', (copy) => copy.remove('NetworkPolicy', 'default-deny'), ['podSelector: {}']],
  ['no names', 'kind', (copy) => copy.remove('NetworkPolicy', 'allow-dns'), ['order → dns is closed', 'allow-dns']],
  ['no telemetry', 'kind', (copy) => copy.remove('NetworkPolicy', 'allow-telemetry'), ['order → telemetry is closed']],
  [
    'a mesh without its port',
    'staging + mesh-istio',
    (copy) => copy.remove('NetworkPolicy', 'mesh-into-order'),
    ['gateway → order:15008 (public routes, through the mesh) is closed', 'allow it in the component mesh-istio'],
  ],
  [
    'probes that the mesh sends from elsewhere',
    'staging + mesh-istio',
    (copy) => copy.remove('NetworkPolicy', 'mesh-probes-of-nats'),
    ['outside 169.254.7.127/32 → nats:8222 (its probes) is closed'],
  ],
  [
    'more than the call graph on the port of the mesh',
    'staging + mesh-istio',
    (copy) => {
      copy.policy('mesh-into-order').ingress![0]!.from![0]!.podSelector = {};
      copy.policy('mesh-to-gateway').egress![0]!.to![0]!.podSelector = {};
    },
    ['payment → order:15008 is open and not in the call graph'],
  ],
  [
    'a way to the management port for everybody beside the scrapes',
    'staging + prometheus',
    (copy) => copy.policy('allow-scrapes').ingress![0]!.from!.push({ namespaceSelector: {} }),
    ['outside any namespace → order:9090 is open', 'services.ts'],
  ],
  [
    'scrapes from another namespace',
    'staging + prometheus',
    (copy) =>
      (copy.policy('allow-scrapes').ingress![0]!.from = [
        { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } },
      ]),
    [
      'outside default → order:9090 is open',
      'outside observability → order:9090 (scrapes',
      'in the component prometheus',
    ],
  ],
  [
    'the monitoring port of NATS for everybody',
    'staging + keda',
    (copy) => delete copy.policy('keda-to-nats-monitoring').ingress![0]!.from,
    ['outside → nats:8222 is open', 'outside keda → nats:8222 (KEDA asks for the lag of consumers) is closed'],
  ],
]);
