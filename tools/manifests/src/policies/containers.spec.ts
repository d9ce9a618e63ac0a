import type { Body } from '../objects.js';
import { describePolicy } from '../testing/describe-policy.js';
import { containersAreRestricted } from './containers.js';

describePolicy(containersAreRestricted, [
  [
    'a writable root',
    'kind',
    (copy) => (copy.container('user').securityContext!.readOnlyRootFilesystem = false),
    ['k8s/base/service/deployment.yaml', 'Deployment user', 'may write to its image', 'readOnlyRootFilesystem: true'],
  ],
  [
    'a capability',
    'kind',
    (copy) => (copy.container('user').securityContext!.capabilities!.add = ['NET_ADMIN']),
    ['keeps capabilities', 'drop: [ALL]'],
  ],
  [
    'a gain of privileges',
    'kind',
    (copy) => delete copy.container('user').securityContext!.allowPrivilegeEscalation,
    ['Deployment user', 'may gain privileges'],
  ],
  [
    'root',
    'kind',
    (copy) => delete copy.pod('user').securityContext!.runAsNonRoot,
    ['run as root', 'runAsNonRoot: true'],
  ],
  ['no seccomp profile', 'kind', (copy) => delete copy.pod('user').securityContext!.seccompProfile, ['RuntimeDefault']],
  [
    'a token',
    'kind',
    (copy) => delete copy.pod('user').automountServiceAccountToken,
    ['automountServiceAccountToken: false'],
  ],
  [
    'the disk of the node',
    'kind',
    (copy) => copy.pod('user').volumes!.push({ name: 'host', hostPath: { path: '/' } }),
    ['Deployment user', 'mount the node'],
  ],
  ['an unbounded /tmp', 'kind', (copy) => (copy.pod('user').volumes![1]!.emptyDir = {}), ['volume tmp', 'sizeLimit']],
  ['no memory limit', 'kind', (copy) => delete copy.container('user').resources!.limits!['memory'], ['same size']],
  [
    'a CPU limit',
    'kind',
    (copy) => (copy.container('user').resources!.limits!['cpu'] = '1'),
    ['remove resources.limits.cpu'],
  ],
  [
    'an init container that is not',
    'kind',
    (copy) => (copy.pod('user').initContainers![0]!.securityContext = {}),
    ['container wait-for-schema'],
  ],
  [
    'a Job that is not',
    'kind',
    (copy) => (copy.job('user').template.spec!.securityContext = {}),
    ['k8s/base/service/with-database/migration-job.yaml', 'Job user-migrate-dev'],
  ],
  [
    'a sidecar with a CPU limit, which nothing excuses it from',
    'production + mesh-linkerd',
    (copy) =>
      Object.assign(copy.find<Body>('Namespace').metadata.annotations!, { 'config.linkerd.io/proxy-cpu-limit': '1' }),
    ['Deployment user: container linkerd-proxy has a CPU limit'],
  ],
]);
