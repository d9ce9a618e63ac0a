import { idleConnectionMs } from '@causeway/contracts/keep-alive';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IContainer, IProbe, IServiceAccount } from 'kubernetes-models/v1';
import {
  environmentOf,
  matches,
  ofKind,
  type Body,
  type Deployment,
  type Manifest,
  type Rendered,
} from '../objects.js';
import { scalersFor } from '../scalers.js';
import { broken, type ManifestPolicy, type Rule } from './policy.js';

/** Time to exit after the grace for requests in flight, at most (libs/service-host). */
const exitSeconds = 5;

/** A Deployment can be rolled, scaled, drained and watched without losing a request. */
export const deploymentsAreOperable: ManifestPolicy = {
  name: 'every Deployment has probes, preStop, a budget, an autoscaler, spread and its own account',
  check: (rendered) =>
    ofKind<Deployment>(rendered, 'Deployment').flatMap((manifest) => [
      ...broken(manifest, [...rolloutRules(manifest.body), ...partners(rendered, manifest)]),
      ...(manifest.body.spec?.template.spec?.containers ?? []).flatMap((container) =>
        broken(manifest, lifeRules(rendered, manifest.body, container)),
      ),
    ]),
};

function rolloutRules({ spec }: Deployment): Rule[] {
  const { maxUnavailable, maxSurge } = spec?.strategy?.rollingUpdate ?? {};
  const constraints = spec?.template.spec?.topologySpreadConstraints ?? [];
  const spreads = (key: string): boolean =>
    constraints.some(
      ({ topologyKey, labelSelector }) =>
        topologyKey === key &&
        matches(spec?.template.metadata?.labels ?? {}, labelSelector?.matchLabels ?? { no: 'selector' }),
    );
  return [
    [
      maxUnavailable === 0 && maxSurge === 1,
      'a rolling update may take away pods before there are new ones',
      'set strategy.rollingUpdate to maxUnavailable: 0, maxSurge: 1',
    ],
    [
      spec?.revisionHistoryLimit !== undefined && spec.revisionHistoryLimit > 0,
      'there is no stated number of versions to roll back to',
      'set spec.revisionHistoryLimit',
    ],
    [spec?.replicas === undefined, 'an apply would undo what the autoscaler did', 'remove spec.replicas'],
    [
      spreads('topology.kubernetes.io/zone') && spreads('kubernetes.io/hostname'),
      'all pods may be on one node or in one zone',
      'add topologySpreadConstraints for topology.kubernetes.io/zone and kubernetes.io/hostname that select its own pods',
    ],
  ];
}

/** The objects that belong to a Deployment. */
function partners(rendered: Rendered, { body }: Manifest<Deployment>): Rule[] {
  const { name } = body.metadata;
  const pod = body.spec?.template;
  const budget = ofKind<IPodDisruptionBudget>(rendered, 'PodDisruptionBudget').find((each) =>
    matches(pod?.metadata?.labels ?? {}, each.body.spec?.selector?.matchLabels ?? { no: 'selector' }),
  );
  const [scaler] = scalersFor(rendered, body);
  const account = ofKind<IServiceAccount & Body>(rendered, 'ServiceAccount').find(
    (each) => each.body.metadata.name === name,
  );
  const { maxUnavailable } = budget?.body.spec ?? {};
  return [
    [
      maxUnavailable === 1,
      'a node drain may take all its pods at once, or is blocked for ever',
      'add a PodDisruptionBudget with maxUnavailable: 1 that selects its pods',
    ],
    [
      scaler !== undefined && scaler.min <= scaler.max,
      'nothing scales it',
      `add a HorizontalPodAutoscaler with scaleTargetRef ${name}`,
    ],
    [
      scaler?.behavior?.scaleUp !== undefined && scaler.behavior.scaleDown?.stabilizationWindowSeconds === 300,
      'its autoscaler has no stated behaviour',
      'set behavior.scaleUp, and behavior.scaleDown.stabilizationWindowSeconds: 300',
    ],
    [
      pod?.spec?.serviceAccountName === name && account?.body.automountServiceAccountToken === false,
      'it lacks its own account, or that one has a token',
      `add a ServiceAccount ${name} with automountServiceAccountToken: false, and name it in serviceAccountName`,
    ],
  ];
}

function lifeRules(rendered: Rendered, { spec }: Deployment, container: IContainer): Rule[] {
  const { name, lifecycle, startupProbe, readinessProbe, livenessProbe } = container;
  const sleep = lifecycle?.preStop?.sleep?.seconds ?? 0;
  const setting = (key: string, fallback: number): number =>
    Number(environmentOf(rendered, container).find((each) => each.name === key)?.value ?? fallback) / 1_000;
  const drain = setting('SHUTDOWN_DRAIN_MS', idleConnectionMs.drain);
  const serving = Math.max(drain, setting('SHUTDOWN_DELAY_MS', 0));
  const needed = sleep + serving + setting('SHUTDOWN_GRACE_MS', 25_000) + exitSeconds;
  const patience = (idleConnectionMs.caller + idleConnectionMs.callerLate) / 1_000;
  return [
    probe(container, 'startupProbe', startupProbe, '/health/live'),
    probe(container, 'livenessProbe', livenessProbe, '/health/live'),
    probe(container, 'readinessProbe', readinessProbe, '/health/ready'),
    [
      (startupProbe?.failureThreshold ?? 3) * (startupProbe?.periodSeconds ?? 10) >= 60,
      `container ${name} is given less than a minute to start`,
      'set startupProbe.periodSeconds: 2 and failureThreshold: 30',
    ],
    [
      sleep >= 10,
      `container ${name} is stopped before every node knows that it is going`,
      'set lifecycle.preStop.sleep.seconds: 10',
    ],
    [
      (spec?.template.spec?.terminationGracePeriodSeconds ?? 30) >= needed,
      `container ${name} may need ${needed} s to stop and is killed before`,
      `set terminationGracePeriodSeconds to at least ${needed}: preStop, SHUTDOWN_DRAIN_MS, SHUTDOWN_GRACE_MS and ${exitSeconds} s`,
    ],
    [
      drain > patience,
      `container ${name} cuts idle connections that other services still use`,
      `set SHUTDOWN_DRAIN_MS to more than ${patience * 1_000}`,
    ],
  ];
}

/** Liveness that asked for a dependency would restart every pod when the database is away. */
const probe = (container: IContainer, field: string, actual: IProbe | undefined, path: string): Rule => [
  actual?.httpGet?.path === path && actual.httpGet.port === 'management',
  `container ${container.name} has no ${field} for ${path} on the management port`,
  `set ${field}.httpGet to path: ${path}, port: management`,
];
