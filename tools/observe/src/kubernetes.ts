import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { boards } from './dashboards/index.js';
import { ruleGroups } from './rules.js';

const labels = { 'app.kubernetes.io/part-of': 'causeway' };

/** For the Prometheus Operator: who is scraped. Pods, not Services: the management port is in no Service. */
const podMonitor: IPodMonitor = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PodMonitor',
  metadata: { name: 'causeway', labels },
  spec: {
    selector: { matchLabels: { 'app.kubernetes.io/component': 'service' } },
    podMetricsEndpoints: [
      {
        port: 'management',
        path: '/metrics',
        interval: '15s',
        relabelings: [
          { sourceLabels: ['__meta_kubernetes_pod_label_app_kubernetes_io_name'], targetLabel: 'job' },
          { sourceLabels: ['__meta_kubernetes_pod_name'], targetLabel: 'instance' },
        ],
      },
    ],
  },
};

const prometheusRule: IPrometheusRule = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'causeway', labels },
  spec: { groups: [...ruleGroups] },
};

/** The only way to the management port from outside a pod. */
const networkPolicy: INetworkPolicy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'allow-scrapes', labels },
  spec: {
    podSelector: { matchLabels: { 'app.kubernetes.io/component': 'service' } },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'observability' } } }],
        ports: [{ protocol: 'TCP', port: 9090 }],
      },
    ],
  },
};

const kustomization = {
  apiVersion: 'kustomize.config.k8s.io/v1alpha1',
  kind: 'Component',
  resources: ['pod-monitor.yaml', 'prometheus-rule.yaml', 'network-policy.yaml'],
  configMapGenerator: boards.map(({ uid }) => ({
    name: `dashboard-${uid}`,
    files: [`dashboards/${uid}.json`],
    // What the sidecar of Grafana's chart looks for. Its name stays, so that a change replaces the dashboard.
    options: { labels: { grafana_dashboard: '1' }, disableNameSuffixHash: true },
  })),
};

/** By file name, below `k8s/components/prometheus`. */
export const kubernetesObjects = {
  'kustomization.yaml': kustomization,
  'pod-monitor.yaml': podMonitor,
  'prometheus-rule.yaml': prometheusRule,
  'network-policy.yaml': networkPolicy,
} as const;
