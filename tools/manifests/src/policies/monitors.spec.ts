import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import type { Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { monitorsReachTheirPods } from './monitors.js';

const monitor = (copy: Copy) => copy.find<Required<IPodMonitor>>('PodMonitor', 'causeway').spec;

describePolicy(monitorsReachTheirPods, [
  [
    'a port that is closed',
    'staging + prometheus',
    (copy) => copy.remove('NetworkPolicy', 'allow-scrapes'),
    [
      'k8s/components/prometheus/pod-monitor.yaml',
      'no NetworkPolicy lets the namespace observability reach user:9090',
      'allow-scrapes',
    ],
  ],
  [
    'the port of the API, which only the gateway may reach',
    'production + prometheus',
    (copy) => (monitor(copy).podMetricsEndpoints![0]!.port = 'http'),
    ['reach user:8080'],
  ],
  [
    'a port that no container has',
    'kind + prometheus',
    (copy) => (monitor(copy).podMetricsEndpoints![0]!.port = 'metrics'),
    ['user has no port metrics'],
  ],
  [
    'pods that do not exist',
    'kind + prometheus',
    (copy) => (monitor(copy).selector = { matchLabels: { app: 'causeway' } }),
    ['it selects no pods'],
  ],
]);
