import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { allowedFlows, workloadName } from '../network.js';
import { matches, ofKind, podsOf, type Body, type Manifest, type Rendered } from '../objects.js';
import { broken, type ManifestPolicy, type Rule } from './policy.js';

/** Where Prometheus runs. */
const namespace = 'observability';

/** A PodMonitor finds pods, asks a port that they have, and is let through to it. */
export const monitorsReachTheirPods: ManifestPolicy = {
  name: 'what Prometheus scrapes exists and is open to it',
  check: (rendered) =>
    ofKind<IPodMonitor & Body>(rendered, 'PodMonitor').flatMap((manifest) =>
      broken(manifest, rules(rendered, manifest)),
    ),
};

function rules(rendered: Rendered, { body }: Manifest<IPodMonitor & Body>): Rule[] {
  const { selector, podMetricsEndpoints = [] } = body.spec!;
  const found = podsOf(rendered).filter(({ labels }) => matches(labels, selector.matchLabels ?? { no: 'selector' }));
  const open = allowedFlows(rendered).filter(({ from }) => from === `outside ${namespace}`);
  return [
    [
      found.length > 0,
      'it selects no pods, so nothing is scraped and no alert says so',
      'let spec.selector have app.kubernetes.io/component: service',
    ],
    ...found.flatMap((pods) =>
      podMetricsEndpoints.flatMap(({ port }): Rule[] => {
        const number = pods.spec.containers
          .flatMap(({ ports }) => ports ?? [])
          .find(({ name }) => name === port)?.containerPort;
        const name = workloadName(pods);
        return [
          [number !== undefined, `${name} has no port ${port}`, 'name a port of the container, management'],
          [
            number === undefined || open.some((flow) => flow.to === name && flow.port === number),
            `no NetworkPolicy lets the namespace ${namespace} reach ${name}:${number}`,
            'take the component prometheus along, whose allow-scrapes opens that port for that namespace',
          ],
        ];
      }),
    ),
  ];
}
