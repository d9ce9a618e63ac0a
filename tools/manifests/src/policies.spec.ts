import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { INamespace, IService } from 'kubernetes-models/v1';
import type { SettingsShape } from '@causeway/config';
import { hostSettings } from '@causeway/service-host';
import { telemetrySettings } from '@causeway/telemetry';
import { settings as gateway } from '../../../apps/gateway/src/config.js';
import { settings as order } from '../../../apps/order/src/config.js';
import { settings as payment } from '../../../apps/payment/src/config.js';
import { settings as pspSandbox } from '../../../apps/psp-sandbox/src/config.js';
import { settings as user } from '../../../apps/user/src/config.js';
import type { Deployment, Rendered } from './objects.js';
import { policies } from './policies/index.js';
import { describeFinding } from './policies/policy.js';
import { overlays, render } from './render.js';
import { Copy, object } from './testing/copy.js';
import { withKubectl } from './testing/with-kubectl.js';

const common = { ...telemetrySettings, ...hostSettings };
const shapes: Readonly<Record<string, SettingsShape>> = {
  gateway: { ...common, ...gateway },
  order: { ...common, ...order },
  payment: { ...common, ...payment },
  'psp-sandbox': { ...common, ...pspSandbox },
  user: { ...common, ...user },
};
const all = policies(shapes);

withKubectl('the overlays keep to every policy', () => {
  describe.each(overlays)('%s', (overlay) => {
    let rendered: Rendered;
    beforeAll(() => (rendered = render(overlay)));
    test.each(all.map((policy) => [policy.name, policy] as const))('%s', (_, policy) => {
      expect(policy.check(rendered).map((finding) => describeFinding(rendered, finding))).toEqual([]);
    });
  });
});

const deployment = 'k8s/base/service/deployment.yaml';
const pdb = {
  selector: { matchLabels: { 'app.kubernetes.io/name': 'order', 'app.kubernetes.io/component': 'service' } },
};
type Planted = readonly [
  policy: string,
  what: string,
  overlay: string,
  harm: (copy: Copy) => void,
  said: readonly string[],
];

const planted: readonly Planted[] = [
  [
    'every container is restricted',
    'a writable root',
    'kind',
    (copy) => (copy.container('order').securityContext!.readOnlyRootFilesystem = false),
    [deployment, 'Deployment order', 'may write to its image', 'readOnlyRootFilesystem: true'],
  ],
  [
    'every container is restricted',
    'a capability',
    'kind',
    (copy) => (copy.container('order').securityContext!.capabilities!.add = ['NET_ADMIN']),
    ['keeps capabilities', 'drop: [ALL]'],
  ],
  [
    'every container is restricted',
    'a gain of privileges',
    'kind',
    (copy) => delete copy.container('user').securityContext!.allowPrivilegeEscalation,
    ['Deployment user', 'may gain privileges'],
  ],
  [
    'every container is restricted',
    'root',
    'kind',
    (copy) => delete copy.pod('order').securityContext!.runAsNonRoot,
    ['run as root', 'runAsNonRoot: true'],
  ],
  [
    'every container is restricted',
    'no seccomp profile',
    'kind',
    (copy) => delete copy.pod('order').securityContext!.seccompProfile,
    ['RuntimeDefault'],
  ],
  [
    'every container is restricted',
    'a token',
    'kind',
    (copy) => delete copy.pod('order').automountServiceAccountToken,
    ['automountServiceAccountToken: false'],
  ],
  [
    'every container is restricted',
    'the disk of the node',
    'kind',
    (copy) => copy.pod('order').volumes!.push({ name: 'host', hostPath: { path: '/' } }),
    ['Deployment order', 'mount the node'],
  ],
  [
    'every container is restricted',
    'an unbounded /tmp',
    'kind',
    (copy) => (copy.pod('order').volumes![1]!.emptyDir = {}),
    ['volume tmp', 'sizeLimit'],
  ],
  [
    'every container is restricted',
    'no memory limit',
    'kind',
    (copy) => delete copy.container('order').resources!.limits!['memory'],
    ['same size'],
  ],
  [
    'every container is restricted',
    'a CPU limit',
    'kind',
    (copy) => (copy.container('order').resources!.limits!['cpu'] = '1'),
    ['remove resources.limits.cpu'],
  ],
  [
    'every container is restricted',
    'an init container that is not',
    'kind',
    (copy) => (copy.pod('order').initContainers![0]!.securityContext = {}),
    ['container wait-for-schema'],
  ],
  [
    'every container is restricted',
    'a Job that is not',
    'kind',
    (copy) => (copy.job('order').template.spec!.securityContext = {}),
    ['k8s/base/service/with-database/migration-job.yaml', 'Job order-migrate-dev'],
  ],

  [
    'every Deployment has',
    'no preStop',
    'kind',
    (copy) => delete copy.container('gateway').lifecycle,
    [deployment, 'Deployment gateway', 'preStop.sleep'],
  ],
  [
    'every Deployment has',
    'a liveness that asks the database',
    'kind',
    (copy) => (copy.container('order').livenessProbe!.httpGet!.path = '/health/ready'),
    ['livenessProbe', '/health/live'],
  ],
  [
    'every Deployment has',
    'no readiness',
    'kind',
    (copy) => delete copy.container('order').readinessProbe,
    ['readinessProbe', '/health/ready'],
  ],
  [
    'every Deployment has',
    'a short start',
    'kind',
    (copy) => (copy.container('order').startupProbe!.failureThreshold = 3),
    ['less than a minute to start'],
  ],
  [
    'every Deployment has',
    'too little grace',
    'kind',
    (copy) => (copy.pod('order').terminationGracePeriodSeconds = 30),
    ['may need 55 s', 'at least 55'],
  ],
  [
    'every Deployment has',
    'a longer grace in the settings',
    'kind',
    (copy) => (copy.config('order')['SHUTDOWN_GRACE_MS'] = '60000'),
    ['may need 90 s'],
  ],
  [
    'every Deployment has',
    'no time to drain in the settings',
    'kind',
    (copy) => (copy.config('order')['SHUTDOWN_DRAIN_MS'] = '0'),
    ['cuts idle connections', 'more than 5000'],
  ],
  [
    'every Deployment has',
    'a rollout that takes pods away',
    'kind',
    (copy) => (copy.deployment('order').spec!.strategy!.rollingUpdate!.maxUnavailable = 1),
    ['maxUnavailable: 0'],
  ],
  [
    'every Deployment has',
    'a fixed number',
    'kind',
    (copy) => (copy.deployment('order').spec!.replicas = 2),
    ['remove spec.replicas'],
  ],
  [
    'every Deployment has',
    'no history',
    'kind',
    (copy) => delete copy.deployment('order').spec!.revisionHistoryLimit,
    ['set spec.revisionHistoryLimit'],
  ],
  [
    'every Deployment has',
    'spread of other pods',
    'kind',
    (copy) =>
      (copy.pod('order').topologySpreadConstraints![0]!.labelSelector!.matchLabels!['app.kubernetes.io/name'] = 'user'),
    ['topologySpreadConstraints'],
  ],
  [
    'every Deployment has',
    'no budget',
    'kind',
    (copy) => copy.remove('PodDisruptionBudget', 'order'),
    ['Deployment order', 'PodDisruptionBudget'],
  ],
  [
    'every Deployment has',
    'a budget that blocks',
    'kind',
    (copy) => (copy.find<IPodDisruptionBudget>('PodDisruptionBudget', 'order').spec!.maxUnavailable = 0),
    ['blocked for ever'],
  ],
  [
    'every Deployment has',
    'no autoscaler',
    'kind',
    (copy) => copy.remove('HorizontalPodAutoscaler', 'order'),
    ['nothing scales it'],
  ],
  [
    'every Deployment has',
    'an autoscaler that flaps',
    'kind',
    (copy) => delete copy.find<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'order').spec!.behavior,
    ['no stated behaviour'],
  ],
  [
    'every Deployment has',
    'an account of somebody else',
    'kind',
    (copy) => (copy.pod('order').serviceAccountName = 'user'),
    ['account of its own'],
  ],

  [
    'NetworkPolicies allow',
    'a way that nobody declared',
    'kind',
    (copy) =>
      copy
        .policy('user')
        .egress!.push({ to: [{ podSelector: { matchLabels: { 'causeway.dev/postgres': 'client' } } }] }),
    [],
  ],
  [
    'NetworkPolicies allow',
    'both sides of such a way',
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
    'NetworkPolicies allow',
    'the door to everybody',
    'kind',
    (copy) => (copy.policy('order').ingress = [{ ports: [{ port: 8080 }] }]),
    ['outside → order:8080 is open'],
  ],
  [
    'NetworkPolicies allow',
    'the management port',
    'kind',
    (copy) => (copy.policy('gateway').ingress = [{}]),
    ['outside → gateway:9090 is open'],
  ],
  [
    'NetworkPolicies allow',
    'the internet',
    'kind',
    (copy) => copy.policy('order').egress!.push({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }),
    ['order → outside 0.0.0.0/0:0 is open'],
  ],
  [
    'NetworkPolicies allow',
    'everything out',
    'production',
    (copy) => copy.policy('user').egress!.push({}),
    ['user → outside everything:0 is open'],
  ],
  [
    'NetworkPolicies allow',
    'a call that is needed',
    'kind',
    (copy) => (copy.policy('gateway').egress = []),
    ['k8s/base/gateway/network-policy.yaml', 'gateway → order:8080 (public routes) is closed', 'egress of gateway'],
  ],
  [
    'NetworkPolicies allow',
    'a database nobody gets to',
    'kind',
    (copy) => copy.remove('NetworkPolicy', 'postgres-clients'),
    ['order/migration → postgres:5432 (migrations) is closed'],
  ],
  [
    'NetworkPolicies allow',
    'a provider nobody gets to',
    'production',
    (copy) => copy.remove('NetworkPolicy', 'payment-to-provider'),
    ['payment → psp-sandbox:8080 (charges) is closed'],
  ],
  [
    'NetworkPolicies allow',
    'no default deny',
    'kind',
    (copy) => copy.remove('NetworkPolicy', 'default-deny'),
    ['podSelector: {}'],
  ],
  [
    'NetworkPolicies allow',
    'no names',
    'kind',
    (copy) => copy.remove('NetworkPolicy', 'allow-dns'),
    ['order → dns is closed', 'allow-dns'],
  ],
  [
    'NetworkPolicies allow',
    'no telemetry',
    'kind',
    (copy) => copy.remove('NetworkPolicy', 'allow-telemetry'),
    ['order → telemetry is closed'],
  ],

  [
    'selectors and ports',
    'a selector that finds nothing',
    'kind',
    (copy) => (copy.find<IService>('Service', 'order').spec!.selector = { app: 'order' }),
    ['k8s/base/service/service.yaml', 'Service order', 'finds the pods of nothing'],
  ],
  [
    'selectors and ports',
    'a selector that finds a Job, too',
    'kind',
    (copy) => (copy.find<IService>('Service', 'order').spec!.selector = { 'app.kubernetes.io/name': 'order' }),
    ['Deployment order, Job order-migrate-dev'],
  ],
  [
    'selectors and ports',
    'a port where nobody listens',
    'kind',
    (copy) => (copy.find<IService>('Service', 'order').spec!.ports![0]!.targetPort = 3000),
    ['leads to 3000'],
  ],
  [
    'selectors and ports',
    'the management port',
    'kind',
    (copy) =>
      copy.find<IService>('Service', 'order').spec!.ports!.push({ name: 'm', port: 9090, targetPort: 'management' }),
    ['publishes the management port'],
  ],
  [
    'selectors and ports',
    'a route to no Service',
    'production',
    (copy) =>
      (copy.find<{ spec: { rules: { backendRefs: { port: number }[] }[] } }>(
        'HTTPRoute',
        'causeway',
      ).spec.rules[0]!.backendRefs[0]!.port = 80),
    ['HTTPRoute causeway', 'gateway:80'],
  ],

  [
    'every setting',
    'a setting that is missing',
    'kind',
    (copy) => delete copy.config('order')['CURSOR_SECRET_FILE'],
    [deployment, 'Deployment order', 'not given CURSOR_SECRET', 'k8s/base/order/settings.env'],
  ],
  [
    'every setting',
    'a setting that nobody knows',
    'kind',
    (copy) => (copy.config('order')['ORDER_TIMER_POL_MS'] = '500'),
    ['ORDER_TIMER_POL_MS, which order does not know'],
  ],
  [
    'every setting',
    'a value that is refused',
    'production',
    (copy) => (copy.config('gateway')['TRUST_PROXY'] = 'true'),
    ['TRUST_PROXY that gateway refuses: expected addresses'],
  ],
  [
    'every setting',
    'a file where nothing is mounted',
    'kind',
    (copy) => (copy.config('user')['FIELD_KEYS_FILE'] = '/etc/keys/FIELD_KEYS'),
    ['FIELD_KEYS_FILE names /etc/keys/FIELD_KEYS'],
  ],
  [
    'every setting',
    'a value and a file',
    'kind',
    (copy) => (copy.config('user')['NATS_PASSWORD'] = 'x'),
    ['both NATS_PASSWORD and NATS_PASSWORD_FILE'],
  ],
  [
    'every setting',
    'an image of no app',
    'kind',
    (copy) => (copy.container('order').image = 'causeway/orders:dev'),
    ['there is no app orders'],
  ],

  [
    'ConfigMaps, accounts',
    'a ConfigMap by a name without hash',
    'kind',
    (copy) => (copy.container('order').envFrom![0]!.configMapRef!.name = 'order'),
    ['reads the ConfigMap order'],
  ],
  [
    'ConfigMaps, accounts',
    'no account',
    'kind',
    (copy) => copy.remove('ServiceAccount', 'order'),
    ['account order does not exist'],
  ],
  [
    'ConfigMaps, accounts',
    'a volume that is not there',
    'kind',
    (copy) => copy.pod('order').volumes!.pop(),
    ['mounts the volume tmp'],
  ],

  [
    'every version has',
    'a Job without its version',
    'kind',
    (copy) => ((copy.find('Job', 'order').metadata as { name: string }).name = 'order-migrate'),
    ['Job order-migrate:', '`replacements`'],
  ],
  [
    'every version has',
    'a Job that goes on for ever',
    'kind',
    (copy) => delete copy.job('order').activeDeadlineSeconds,
    ['may try for ever'],
  ],
  [
    'every version has',
    'pods that do not wait',
    'kind',
    (copy) => (copy.pod('order').initContainers = []),
    ['Deployment order', 'wait-for-schema'],
  ],
  [
    'every version has',
    'a migration of another image',
    'kind',
    (copy) => (copy.container('order').image = copy.pod('order').initContainers![0]!.image = 'causeway/order:new'),
    ['Job order-migrate-dev runs another one'],
  ],

  [
    'images are pinned',
    'latest',
    'kind',
    (copy) => (copy.container('order').image = 'causeway/order:latest'),
    ['something else tomorrow'],
  ],
  [
    'images are pinned',
    'no tag',
    'staging',
    (copy) => (copy.container('order').image = 'causeway/order'),
    ['Deployment order', 'causeway/order, which'],
  ],
  [
    'images are pinned',
    'a major version only',
    'staging',
    (copy) =>
      (copy.find<Deployment>('StatefulSet', 'postgres').spec!.template.spec!.containers[0]!.image = 'postgres:18'),
    ['k8s/components/postgres/stateful-set.yaml', 'postgres:18'],
  ],
  [
    'images are pinned',
    'a tag in production',
    'production',
    (copy) => (copy.container('order').image = 'registry.example.org/causeway/order:v1-0-0'),
    ['without a digest'],
  ],

  [
    'no manifest holds',
    'a Secret',
    'kind',
    (copy) => copy.add(object('Secret', 'order', { stringData: { FIELD_KEYS: 'v1:x' } })),
    ['k8s/planted.yaml', 'Secret order'],
  ],
  [
    'no manifest holds',
    'a password in a ConfigMap',
    'kind',
    (copy) => (copy.config('order')['NATS_PASSWORD'] = 'hunter2'),
    ['ConfigMap order-', 'NATS_PASSWORD is in a ConfigMap', 'NATS_PASSWORD_FILE'],
  ],
  [
    'no manifest holds',
    'a password in a URL',
    'kind',
    (copy) => (copy.config('order')['NATS_URL'] = 'nats://order:hunter2@nats:4222'),
    ['NATS_URL is in a ConfigMap'],
  ],
  [
    'no manifest holds',
    'a password in the environment',
    'kind',
    (copy) => copy.container('order').env!.push({ name: 'DATABASE_URL', value: 'postgres://a:b@c/d' }),
    ['has DATABASE_URL in the clear'],
  ],

  [
    'no value is a placeholder',
    'a class of Gateways that nobody has',
    'staging',
    (copy) =>
      (copy.find<{ spec: { gatewayClassName: string } }>('Gateway', 'causeway').spec.gatewayClassName = 'example'),
    ['k8s/components/gateway-api/gateway.yaml', 'Gateway causeway', 'spec.gatewayClassName is example'],
  ],
  [
    'no value is a placeholder',
    'a setting that somebody meant to come back to',
    'production',
    (copy) => (copy.config('payment')['PSP_URL'] = 'https://changeme.internal'),
    ['ConfigMap payment-', 'data.PSP_URL is https://changeme.internal'],
  ],
  [
    'no value is a placeholder',
    'a variable that nobody fills in',
    'production',
    (copy) => (copy.container('order').image = '${ORDER_IMAGE}'),
    ['Deployment order', 'containers[0].image is ${ORDER_IMAGE}'],
  ],

  [
    'requests stay',
    'a pod that is too large',
    'kind',
    (copy) => (copy.container('order').resources!.limits!['memory'] = '1Gi'),
    [
      'k8s/base/platform/resource-quota.yaml',
      'ResourceQuota services: limits.memory',
      '3424Mi are allowed',
      'Deployment order 4Gi (3 pods and 1 of a roll-out)',
      'raise limits.memory of this quota to 6752Mi in the overlay',
    ],
  ],
  [
    'requests stay',
    'a quota with room for some of the Jobs',
    'kind',
    (copy) => Object.assign(copy.quota('jobs').hard!, { 'requests.memory': '352Mi', 'limits.memory': '352Mi' }),
    ['ResourceQuota jobs: requests.memory: 624Mi', '352Mi are allowed', 'Job postgres-init-dev 64Mi', 'for ever'],
  ],
  [
    'requests stay',
    'a quota with room for one volume',
    'kind',
    (copy) => (copy.quota('objects').hard!['requests.storage'] = '10Gi'),
    [
      'ResourceQuota objects: requests.storage: 15Gi',
      '10Gi are allowed',
      'StatefulSet nats 5Gi, StatefulSet postgres 10Gi',
    ],
  ],
  [
    'requests stay',
    'a Job that is too large',
    'kind',
    (copy) => (copy.job('order').template.spec!.containers[0]!.resources!.limits!['memory'] = '1Gi'),
    ['ResourceQuota jobs: limits.memory: 1536Mi', 'Job order-migrate-dev 1Gi'],
  ],
  [
    'requests stay',
    'one pot for all',
    'kind',
    (copy) => delete copy.quota('jobs').scopes,
    ['ResourceQuota jobs: requests.memory: 4048Mi', 'Deployment gateway'],
  ],
  [
    'requests stay',
    'too many pods',
    'staging',
    (copy) => (copy.find<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'gateway').spec!.maxReplicas = 60),
    ['ResourceQuota services: pods: ', 'Deployment gateway 61 (60 pods and 1 of a roll-out)'],
  ],
  [
    'requests stay',
    'more roll-outs at once than there is room for',
    'production',
    (copy) => (copy.deployment('order').spec!.strategy!.rollingUpdate!.maxSurge = '100%'),
    ['Deployment order 6000m (12 pods and 12 of a roll-out)'],
  ],
  [
    'requests stay',
    'a port of the node that is not allowed',
    'staging',
    (copy) => (copy.find<IService>('Service', 'order').spec!.type = 'LoadBalancer'),
    ['services.nodeports: 1 may', 'services.loadbalancers: 1 may'],
  ],
  [
    'requests stay',
    'a line that nobody adds up',
    'kind',
    (copy) => (copy.quota('objects').hard!['count/replicasets.apps'] = '100'),
    ['it limits count/replicasets.apps, and nobody adds up'],
  ],
  [
    'requests stay',
    'storage in a quota of pods',
    'kind',
    (copy) => (copy.quota('jobs').hard!['requests.storage'] = '100Gi'),
    ['it limits requests.storage and has scopes'],
  ],
  [
    'requests stay',
    'a larger quota than was promised',
    'kind',
    (copy) => (copy.quota('services').hard!['requests.cpu'] = '4'),
    ['2 CPU and 4 GiB'],
  ],
  [
    'requests stay',
    'a larger first start than was promised',
    'kind',
    (copy) => (copy.find<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'user').spec!.minReplicas = 5),
    ['3 GiB that a laptop was promised', 'node of 2 CPU and 4 GiB'],
  ],

  [
    'the API server admits',
    'a CPU limit that the quota asks for',
    'kind',
    (copy) => (copy.quota('services').hard!['limits.cpu'] = '20'),
    [
      'Deployment order',
      'container wait-for-schema states no limits.cpu, and ResourceQuota services refuses such pods',
    ],
  ],
  [
    'the API server admits',
    'a container above the LimitRange',
    'staging',
    (copy) => (copy.container('order').resources!.limits!['memory'] = '3Gi'),
    ['container service has 3Gi of memory, and a LimitRange allows at most 2Gi'],
  ],
  [
    'the API server admits',
    'a request above the default limit',
    'kind',
    (copy) => (copy.container('order').resources = { requests: { cpu: '75m', memory: '192Mi' } }),
    ['asks for more memory than its limit 128Mi'],
  ],
  [
    'the API server admits',
    'pods that no quota counts',
    'kind',
    (copy) => copy.remove('ResourceQuota', 'services'),
    ['StatefulSet postgres', 'no quota limits requests.memory of its pods'],
  ],
  [
    'the API server admits',
    'a CronJob that overlaps with itself',
    'kind',
    (copy) =>
      copy.add({
        ...object('CronJob', 'sweep', { spec: { schedule: '@hourly', jobTemplate: { spec: copy.job('order') } } }),
        apiVersion: 'batch/v1',
      }),
    ['CronJob sweep', 'concurrencyPolicy: Forbid'],
  ],
  [
    'the API server admits',
    'one pod a node',
    'kind',
    (copy) =>
      copy.add({
        ...object('DaemonSet', 'agent', { spec: { template: copy.deployment('order').spec!.template } }),
        apiVersion: 'apps/v1',
      }),
    ['DaemonSet agent', 'nobody knows the nodes'],
  ],

  [
    'disruption budgets',
    'a minimum as large as the number of pods',
    'kind',
    (copy) => (copy.find<IPodDisruptionBudget>('PodDisruptionBudget', 'order').spec = { ...pdb, minAvailable: 2 }),
    ['PodDisruptionBudget order', 'of 2 pods it lets none go', 'maxUnavailable: 1'],
  ],
  [
    'disruption budgets',
    'a share that rounds up to all',
    'kind',
    (copy) => (copy.find<IPodDisruptionBudget>('PodDisruptionBudget', 'order').spec = { ...pdb, minAvailable: '51%' }),
    ['of 2 pods it lets none go'],
  ],
  [
    'disruption budgets',
    'labels of no pod',
    'kind',
    (copy) =>
      (copy.find<IPodDisruptionBudget>('PodDisruptionBudget', 'order').spec!.selector!.matchLabels = { app: 'x' }),
    ['it selects the pods of nothing'],
  ],

  [
    'PostgreSQL has connections',
    'a larger pool',
    'kind',
    (copy) => (copy.config('order')['DATABASE_POOL_MAX'] = '20'),
    [
      'k8s/components/postgres/stateful-set.yaml',
      'StatefulSet postgres',
      'connections, and there are 67',
      // Four pods, each with its pool and the session of its outbox relay.
      'Deployment order 84',
    ],
  ],
  [
    'JetStream stays',
    'a volume smaller than what may be stored',
    'kind',
    (copy) =>
      (copy.find<IStatefulSet>('StatefulSet', 'nats').spec!.volumeClaimTemplates![0]!.spec!.resources = {
        requests: { storage: '512Mi' },
      }),
    ['StatefulSet nats', '1Gi in files, and its volume has 512Mi'],
  ],
  [
    'JetStream stays',
    'no limit at all',
    'staging',
    (copy) => {
      const config = copy.config('nats');
      config['nats.conf'] = config['nats.conf']!.replaceAll(/max_\w+_store: \w+/g, '');
    },
    ['an unlimited amount in files', 'an unlimited amount in memory'],
  ],
  [
    'every version has',
    'a Job in the pot of services',
    'kind',
    (copy) => delete copy.job('order').template.spec!.activeDeadlineSeconds,
    ['Job order-migrate-dev', 'template.spec.activeDeadlineSeconds'],
  ],

  [
    'the namespace enforces',
    'another level',
    'kind',
    (copy) =>
      ((copy.find<INamespace>('Namespace').metadata.labels as Record<string, string>)[
        'pod-security.kubernetes.io/enforce'
      ] = 'baseline'),
    ['k8s/base/platform/namespace.yaml', 'Namespace causeway', 'enforce: restricted'],
  ],
  [
    'the namespace enforces',
    'no quota',
    'kind',
    (copy) => ['services', 'jobs'].forEach((name) => copy.remove('ResourceQuota', name)),
    ['add a ResourceQuota'],
  ],
  [
    'the namespace enforces',
    'no defaults',
    'kind',
    (copy) => copy.remove('LimitRange', 'causeway'),
    ['add a LimitRange'],
  ],
  [
    'the namespace enforces',
    'an object elsewhere',
    'kind',
    (copy) => copy.add({ ...object('ConfigMap', 'x'), metadata: { name: 'x', namespace: 'default' } }),
    ['ConfigMap x', 'namespace default'],
  ],
];

withKubectl('a planted violation is found, and named with its file, object and remedy', () => {
  const cache = new Map<string, Rendered>();
  const original = (overlay: string): Rendered =>
    cache.get(overlay) ?? cache.set(overlay, render(overlay)).get(overlay)!;

  test('every policy has one', () => {
    for (const { name } of all)
      expect([name, planted.some(([policy]) => name.startsWith(policy))]).toEqual([name, true]);
  });
  test.each(planted)('%s … %s (%s)', (name, _, overlay, harm, said) => {
    const copy = new Copy(original(overlay));
    harm(copy);
    const policy = all.find((each) => each.name.startsWith(name))!;
    const lines = policy.check(copy.rendered).map((finding) => describeFinding(copy.rendered, finding));
    if (said.length === 0) return expect(lines).toEqual([]);
    for (const text of said) expect(lines.join('\n')).toContain(text);
    for (const line of lines) expect(line).toMatch(/^k8s\/\S+ \(overlay \w+\): \w+ \S+: .+\. Remedy: .+\.$/);
  });
});
